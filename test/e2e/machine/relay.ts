/** A network between the tests and a server on loopback, that breaks or falls silent when a test wants it. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export class Relay {
  port = 0;
  /** Connections break after so many bytes, of both sides together. */
  cutAfter = Infinity;
  /** Nothing gets through any more, and nobody is told. */
  silent = false;
  /** Bytes of the last connection. */
  passed = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(to: number) {
    this.server = createServer((client) => {
      const server = connect(to, "127.0.0.1");
      this.passed = 0;
      for (const [from, into] of [
        [client, server],
        [server, client],
      ] as const) {
        this.sockets.add(from);
        from.on("error", () => undefined);
        from.once("close", () => {
          this.sockets.delete(from);
          if (!this.silent) into.end();
        });
        from.on("data", (data: Buffer) => {
          if (this.silent) return;
          into.write(data.subarray(0, this.cutAfter - this.passed));
          this.passed += data.length;
          if (this.passed < this.cutAfter) return;
          client.destroy();
          server.destroy();
        });
      }
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.silent = false;
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
