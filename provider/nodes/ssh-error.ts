/** Why a machine could not be reached, or a command there not be run, in words for people. */
export class SshError extends Error {
  /** Worth another try: nothing about the machine or the settings says that it will fail again. */
  readonly transient: boolean;

  constructor(message: string, options: { transient?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "SshError";
    this.transient = options.transient ?? false;
  }
}
