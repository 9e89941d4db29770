import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Above what services are registered for, and below what Linux gives to connections and to servers that ask for any. */
const FIRST = 15_000;
const END = 32_000;

/**
 * A port, on loopback unless told otherwise, that nothing listened on a moment ago, for what has to be told its port in
 * advance. Until it is taken only another one that asks here could take it, and then by the same chance.
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (await isFree(port, host)) return port;
  }
}

/** Rejects where no port of that host could be listened on. */
function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
