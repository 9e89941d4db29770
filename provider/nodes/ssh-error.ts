/** Why a machine could not be reached, or a command there not be run, in words for people. */
export class SshError extends Error {
  /** Worth another try: nothing about the machine or the settings says that it will fail again. */
  readonly transient: boolean;
  /** The machine was reached and the command may have run: what it left there is not known. */
  readonly reached: boolean;
  /** Nobody there let us in, for reasons of the network or of a machine that is down: not for a wrong key of either side. */
  readonly unreachable: boolean;
  /** The connection was taken and dropped before the login, as a busy sshd does it (MaxStartups). */
  readonly dropped: boolean;
  /** Nobody answered in time. */
  readonly silent: boolean;
  /** The fault lies here and not with the machine: a missing agent, an unusable key. */
  readonly local: boolean;

  constructor(message: string, facts: Facts = {}) {
    super(message, { cause: facts.cause });
    this.name = "SshError";
    this.transient = facts.transient ?? false;
    this.reached = facts.reached ?? false;
    this.unreachable = facts.unreachable ?? false;
    this.dropped = facts.dropped ?? false;
    this.silent = facts.silent ?? false;
    this.local = facts.local ?? false;
  }

  /** The same with other words, or as it shows after more is known. */
  with({
    message = this.message,
    reached = this.reached,
  }: {
    message?: string;
    reached?: boolean;
  }): SshError {
    const { transient, unreachable, dropped, silent, local } = this;
    // A machine that let us in once was there.
    const never = unreachable && !reached;
    return new SshError(message, {
      transient,
      reached,
      unreachable: never,
      dropped,
      silent,
      local,
      cause: this,
    });
  }
}

interface Facts {
  readonly transient?: boolean;
  readonly reached?: boolean;
  readonly unreachable?: boolean;
  readonly dropped?: boolean;
  readonly silent?: boolean;
  readonly local?: boolean;
  readonly cause?: unknown;
}
