/** What a machine on AWS finds at AWS's own addresses: the stand-ins, with a certificate that the machine trusts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { mustRun } from "../../../tools/run.ts";
import type { RealPlaces } from "../../unit/host/instance-stand-in.ts";
import { METADATA_ADDRESS, type Machine } from "./machine.ts";

const seen = z.object({ instanceId: z.string(), put: z.array(z.unknown()), refused: z.array(z.string()) });

export interface Aws {
  /** What has been put so far, and why requests were refused. */
  seen(): Promise<z.infer<typeof seen>>;
  stop(): Promise<void>;
}

const API = "ssm.eu-west-1.amazonaws.com";

export async function startAws(machine: Machine): Promise<Aws> {
  const { key, cert } = await certificate();
  // Where Debian's OpenSSL looks first.
  await machine.write("usr/lib/ssl/cert.pem", cert);
  await machine.write("etc/hosts", `127.0.0.1 localhost ${API}\n`);
  const server = spawn(
    "nsenter",
    [
      ...[`--target=${machine.pid}`, "--net", process.execPath],
      fileURLToPath(new URL("aws-server.ts", import.meta.url)),
    ],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  const ended = once(server, "exit");
  const ask = async (message: object): Promise<unknown> => {
    const answer = Promise.race([
      once(server, "message"),
      ended.then(() => Promise.reject(new Error("the stand-ins of AWS ended"))),
    ]);
    server.send(message);
    return ((await answer) as unknown[])[0];
  };
  await ask({
    metadata: { host: METADATA_ADDRESS, port: 80 },
    api: { host: "127.0.0.1", port: 443, key, cert },
    domain: "amazonaws.com",
  } satisfies RealPlaces);
  return {
    seen: async () => seen.parse(await ask({})),
    stop: async () => {
      server.disconnect();
      await ended;
    },
  };
}

async function certificate(): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), "first-boot-certificate-"));
  try {
    const [key, cert] = [join(folder, "key"), join(folder, "cert")];
    await mustRun("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
      ...["-subj", `/CN=${API}`, "-addext", `subjectAltName=DNS:${API}`, "-keyout", key, "-out", cert],
    ]);
    return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
