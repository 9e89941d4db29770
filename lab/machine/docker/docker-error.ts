/** An error in docker's words, with the exit code that docker ends with. */
export class DockerError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
