/** A real upstream: Docker's own registry server (Debian's docker-registry), over plain HTTP. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { stringify } from "yaml";

import { findProgram } from "../../../tools/test-programs.ts";
import { startServer } from "./processes.ts";
import type { Server } from "./processes.ts";

export interface DockerRegistry {
  /** `host:port`, as image references name it. */
  readonly name: string;
  /** What it logged of requests since it was last started, one a line. */
  log(): string;
  stop(): Promise<void>;
  /** A stopped one serves again what it holds, at the same address. */
  start(): Promise<void>;
}

/** Keeps what it holds in `folder`, which is made where missing. */
export async function startDockerRegistry(folder: string, host: string): Promise<DockerRegistry> {
  const program = await findProgram("docker-registry");
  if (program === undefined) throw new Error("docker-registry is missing");
  await mkdir(folder, { recursive: true });
  const config = join(folder, "config.yml");
  const serve = async (port: number) => {
    await writeFile(
      config,
      stringify({
        version: 0.1,
        log: { level: "info" },
        storage: { filesystem: { rootdirectory: join(folder, "data") } },
        http: { addr: `${host}:${port}` },
      }),
    );
    return startServer(program, ["serve", config], { ready: (said) => listeningPort(said) !== undefined });
  };
  let server: Server | undefined = await serve(0);
  const port = listeningPort(server.said());
  if (port === undefined) throw new Error("docker-registry did not say its port");
  return {
    name: `${host}:${port}`,
    log: () => server?.said() ?? "",
    stop: async () => {
      await server?.stop();
      server = undefined;
    },
    start: async () => {
      server ??= await serve(port);
    },
  };
}

function listeningPort(said: string): number | undefined {
  const port = /listening on \S+:(\d+)/.exec(said)?.[1];
  return port === undefined ? undefined : Number(port);
}
