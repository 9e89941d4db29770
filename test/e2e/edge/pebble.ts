/** Let's Encrypt's own CA for tests, which checks challenges for real, by the DNS server that it is given. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Agent, request } from "undici";

import { freePort } from "../../../lab/free-port.ts";
import { edgePrograms } from "../../../tools/edge-programs.ts";
import { mustRun } from "../../../tools/run.ts";
import { startServer } from "../machine/processes.ts";

export interface Pebble {
  /** URL of its ACME directory. */
  readonly directory: string;
  /** PEM that its own HTTPS and what it issues are trusted by. */
  readonly certificates: string;
  /** How many orders it has got. */
  orders(): number;
  stop(): Promise<void>;
}

export async function startPebble(options: {
  readonly folder: string;
  readonly address: string;
  /** `address:port` */
  readonly dnsServer: string;
  readonly validitySeconds: number;
}): Promise<Pebble> {
  const { folder, address } = options;
  const [port, management] = [await freePort(address), await freePort(address)];
  const [certificate, privateKey, config] = ["https.crt", "https.key", "config.json"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await mkdir(folder, { recursive: true });
  await mustRun("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=pebble", "-addext", `subjectAltName=IP:${address}`],
    ...["-keyout", privateKey, "-out", certificate],
  ]);
  await writeFile(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `${address}:${port}`,
        managementListenAddress: `${address}:${management}`,
        ...{ certificate, privateKey },
        keyAlgorithm: "ecdsa",
        profiles: { default: { description: "the only one", validityPeriod: options.validitySeconds } },
      },
    }),
  );
  const server = await startServer(
    edgePrograms().pebble,
    ["-config", config, "-strict", "-dnsserver", options.dnsServer],
    {
      env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      ready: (said) => said.includes("ACME directory available"),
    },
  );
  const https = await readFile(certificate, "utf8");
  const issuing = await fetchRoot(`https://${address}:${management}/roots/0`, https).catch(
    async (error: unknown) => {
      await server.stop();
      throw error;
    },
  );
  return {
    directory: `https://${address}:${port}/dir`,
    certificates: `${https.trim()}\n${issuing.trim()}\n`,
    orders: () => server.said().match(/Added order /g)?.length ?? 0,
    stop: () => server.stop(),
  };
}

async function fetchRoot(url: string, ca: string): Promise<string> {
  const dispatcher = new Agent({ connect: { ca } });
  try {
    return await (await request(url, { dispatcher })).body.text();
  } finally {
    await dispatcher.close();
  }
}
