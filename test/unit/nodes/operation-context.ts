/** What the engine gives to an operation, recorded. */
import type { ResourceContext, Severity } from "../../../provider/resource.ts";

export interface LogLine {
  readonly severity: Severity;
  readonly message: string;
  readonly ephemeral: boolean;
}

export class RecordedContext implements ResourceContext {
  readonly lines: LogLine[] = [];
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;

  harbor(): never {
    throw new Error("nodes need no Harbor");
  }

  log(severity: Severity, message: string, _urn: string, ephemeral = false): Promise<void> {
    this.lines.push({ severity, message, ephemeral });
    return Promise.resolve();
  }

  get warnings(): string[] {
    return this.lines.filter((line) => line.severity === "warning").map((line) => line.message);
  }

  get progress(): string[] {
    return this.lines.filter((line) => line.ephemeral).map((line) => line.message);
  }
}
