/** Why a machine could not be reached, or a command there not be run, in words for people. */
export class SshError extends Error {
  /** Worth another try: nothing about the machine or the settings says that it will fail again. */
  readonly transient: boolean;
  /** The machine was reached and the command may have run: what it left there is not known. */
  readonly reached: boolean;
  /** Nobody answered in time. */
  readonly silent: boolean;
  /** The fault lies here and not with the machine: a missing agent, an unusable key. */
  readonly local: boolean;

  constructor(
    message: string,
    options: {
      transient?: boolean;
      reached?: boolean;
      silent?: boolean;
      local?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "SshError";
    this.transient = options.transient ?? false;
    this.reached = options.reached ?? false;
    this.silent = options.silent ?? false;
    this.local = options.local ?? false;
  }
}
