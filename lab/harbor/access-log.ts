/** The access log: one line per request, in the form of Harbor's nginx, with where the content came from at its end. */
import type { WriteStream } from "node:fs";
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import type { Exchange } from "./exchange.ts";

export class AccessLog {
  readonly #stream: WriteStream | undefined;

  constructor(file: string | undefined) {
    if (file === undefined) return;
    mkdirSync(path.dirname(file), { recursive: true });
    this.#stream = createWriteStream(file, { flags: "a", mode: 0o640 });
    this.#stream.on("error", (error) => {
      console.error(`harbor stand-in: access log: ${error.message}`);
    });
  }

  /** `TIME proxy[PID]: ADDRESS - "METHOD URL HTTP/1.1" STATUS BYTES "REFERER" "AGENT" SECONDS served=cache|upstream|-` */
  write(exchange: Exchange): void {
    if (this.#stream?.writable !== true) return;
    const { request, response } = exchange;
    const seconds = ((performance.now() - exchange.started) / 1000).toFixed(3);
    const bytes = exchange.method === "HEAD" ? "0" : String(response.getHeader("content-length") ?? "-");
    const quoted = (text: string | undefined): string => JSON.stringify(text ?? "-");
    this.#stream.write(
      `${new Date().toISOString()} proxy[${process.pid}]: ${request.socket.remoteAddress ?? "-"} - ` +
        `${quoted(`${exchange.method} ${request.url ?? ""} HTTP/${request.httpVersion}`)} ${response.statusCode} ${bytes} ` +
        `${quoted(exchange.header("referer"))} ${quoted(exchange.header("user-agent"))} ${seconds} ` +
        `served=${exchange.servedFrom}\n`,
    );
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream === undefined) resolve();
      else
        this.#stream.end(() => {
          resolve();
        });
    });
  }
}
