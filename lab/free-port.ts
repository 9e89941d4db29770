import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/** A port, on loopback unless told otherwise, that nothing listened on a moment ago, for what has to be told its port in advance. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
