/** What asking for a host key does where no SSH server answers as one. */
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { scanHostKey } from "../../../cli/host-keys/scan-host-key.ts";

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
});

async function scan(serve: (socket: Socket) => void, signal = new AbortController().signal): Promise<string> {
  const listening = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  return scanHostKey({ address: "127.0.0.1", port, types: [], timeout: 0.3, signal });
}

test("a port that is silent is given up in time", async () => {
  await expect(scan(() => undefined)).rejects.toThrow(
    /^127\.0\.0\.1:\d+: shows no host key within 0\.3 s; is it up/,
  );
});

test("a server that stops in the midst of the key exchange is given up in time", async () => {
  await expect(scan((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"))).rejects.toThrow(
    "shows no host key within",
  );
});

test("a server that hangs up is worth another try", async () => {
  await expect(scan((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"))).rejects.toMatchObject({
    transient: true,
  });
});

test("ends at once where it is canceled", async () => {
  const controller = new AbortController();
  await expect(
    scan(() => {
      controller.abort();
    }, controller.signal),
  ).rejects.toThrow("canceled");
});
