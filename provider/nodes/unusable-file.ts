/** A file on a node that can't be worked with. Without its path, and with nothing out of it: it may hold others' logins. */
export class UnusableFile extends Error {
  /** From 1. */
  readonly line: number;
  /** `what is wrong; what to do` */
  readonly problem: string;

  constructor(problem: string, line = 1) {
    super(`line ${line}: ${problem}`);
    this.problem = problem;
    this.line = line;
  }
}
