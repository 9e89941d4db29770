/** What went wrong, in words for people: shown without a stack trace. */
export class Problem extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = "Problem";
    this.exitCode = exitCode;
  }
}
