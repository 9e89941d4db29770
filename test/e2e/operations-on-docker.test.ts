/** Start, stop and status on a real Docker engine with real compose; the containers idle, and the test answers for Harbor. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { statusReport } from "../../cli/status-report.ts";
import {
  startOperation,
  statusOperation,
  stopOperation,
  type Operation,
} from "../../components/harbor/operation-scripts.ts";
import type { MachineOutput } from "../../components/harbor/machine-schema.ts";
import { freePort } from "../../lab/free-port.ts";
import { run } from "../../tools/run.ts";
import { dockerIsThere, startDockerEngine } from "./machine/docker-engine.ts";
import type { DockerEngine } from "./machine/docker-engine.ts";
import { makeProgramImage } from "./machine/program-image.ts";

const network = "harbor-cache-edge-test";
const volume = "harbor-cache-certs-test";

const compose = `
services:
  core:
    image: goharbor/harbor-core:v2.15.2
    restart: always
    # A container's first process hears no signal that it doesn't ask for.
    stop_signal: SIGKILL
    networks: [edge]
    volumes: [certs:/certs]
  proxy:
    image: goharbor/nginx-photon:v2.15.2
    restart: always
    stop_signal: SIGKILL
    networks: [edge]
networks:
  edge: { name: ${network}, external: true }
volumes:
  certs: { name: ${volume}, external: true }
`;

const listed = z.object({ Names: z.string(), ID: z.string(), State: z.string() });

// In order: it is the life of one machine, each part of it beginning where the one before ended.
describe.skipIf(!(await dockerIsThere()))("Start and stop on a real Docker engine", () => {
  let engine: DockerEngine;
  let folder: string;
  let harbor: Server | undefined;
  let machine: MachineOutput;

  beforeAll(async () => {
    engine = await startDockerEngine();
    folder = await mkdtemp(join(tmpdir(), "operations-"));
    const idle = {
      programs: { "/bin/sleep": "/bin/sleep" },
      changes: ['ENTRYPOINT ["/bin/sleep", "3600"]'],
    };
    for (const name of ["harbor-core", "nginx-photon"])
      await makeProgramImage(engine, `goharbor/${name}:v2.15.2`, idle);
    const installDir = join(folder, "install");
    const dataDir = join(folder, "data");
    await mkdir(installDir);
    await mkdir(join(dataDir, ".harbor-cache"), { recursive: true });
    for (const mark of [".harbor-cache", ".prepared"]) await writeFile(join(installDir, mark), "x");
    await writeFile(join(installDir, "docker-compose.yml"), compose);
    await engine.docker(["network", "create", network]);
    await engine.docker(["volume", "create", volume]);
    const port = await freePort();
    const server = createServer((_request, response) => {
      response.end('{"status":"healthy","components":[{"name":"core","status":"healthy"}]}');
    });
    harbor = server;
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    machine = {
      address: "127.0.0.1",
      port: 22,
      user: "root",
      hostKey: "",
      sudo: false,
      installDir,
      dataDir,
      hostname: "registry.example.com",
      url: `http://registry.example.com:${port}`,
      listenAddress: "127.0.0.1",
      listenPort: port,
      tls: "none",
      timeouts: { step: 60, health: 10 },
    };
  });
  afterAll(async () => {
    harbor?.close();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const operate = ({ script, seconds }: Operation) =>
    run("sh", ["-s", "up"], {
      stdin: script,
      env: {
        ...process.env,
        ...engine.env,
        HOME: folder,
        PATH: [engine.bin, process.env["PATH"]].join(delimiter),
      },
      timeout: seconds,
    });
  const start = () => operate(startOperation(machine, undefined));
  const report = async () =>
    statusReport(machine, (await operate(statusOperation(machine, undefined))).stdout, new Date());
  const containers = async () => {
    const lines = (await engine.docker(["ps", "--all", "--format", "{{json .}}"])).trim().split("\n");
    return lines.map((line) => listed.parse(JSON.parse(line))).sort((a, b) => a.Names.localeCompare(b.Names));
  };
  const ids = async () => (await containers()).map(({ ID }) => ID);
  let first: string[];

  it("start makes containers that are missing", async () => {
    expect(await start()).toEqual({ code: 0, stdout: "Harbor runs and is healthy\n", stderr: "" });
    first = await ids();
    expect(first).toHaveLength(2);
    expect(await report()).toMatchObject({
      healthy: true,
      problems: [],
      version: "2.15.2",
      components: { core: "healthy" },
      services: [
        { name: "core", state: "running", health: "" },
        { name: "proxy", state: "running", health: "" },
      ],
    });
  });

  it("stop stops them and keeps them, with their volume and network", async () => {
    expect(await operate(stopOperation(machine))).toMatchObject({ code: 0, stderr: "" });
    expect((await containers()).map(({ State }) => State)).toEqual(["exited", "exited"]);
    expect(await engine.docker(["volume", "ls", "--quiet"])).toBe(`${volume}\n`);
    expect(await report()).toMatchObject({ healthy: false, problems: ["Harbor is stopped: make start"] });
  });

  it("start starts the same containers, though the files have changed meanwhile", async () => {
    await writeFile(
      join(machine.installDir, "docker-compose.yml"),
      compose.replace("always", "unless-stopped"),
    );
    expect(await start()).toMatchObject({ code: 0, stderr: "" });
    expect(await ids()).toEqual(first);
    expect((await report()).healthy).toBe(true);
  });

  it("restart keeps them too", async () => {
    expect(await operate(startOperation(machine, undefined, { restart: true }))).toMatchObject({ code: 0 });
    expect(await ids()).toEqual(first);
  });

  it("containers are joined to a network that was made anew while they were stopped", async () => {
    await operate(stopOperation(machine));
    await engine.docker(["network", "prune", "--force"]);
    const missing = expect.stringContaining("run pulumi up --refresh") as string;
    expect(await start()).toMatchObject({ code: 1, stderr: missing });
    await engine.docker(["network", "create", network]);
    expect(await start()).toMatchObject({ code: 0, stderr: "" });
    expect((await report()).healthy).toBe(true);
  });

  it("a network or volume that is gone is Pulumi's to make", async () => {
    await engine.docker(["rm", "--force", ...(await ids())]);
    await engine.docker(["network", "rm", network]);
    const missing = "is missing on the machine: run pulumi up --refresh";
    expect(await start()).toMatchObject({ code: 1, stderr: expect.stringContaining(missing) as string });
    await engine.docker(["network", "create", network]);
    await engine.docker(["volume", "rm", volume]);
    const { code, stderr } = await start();
    expect(code).toBe(1);
    expect(stderr).toContain(missing);
    expect(stderr).toContain(volume);
    // Compose must not have made one of its own in the place of ours.
    expect(await engine.docker(["volume", "ls", "--quiet"])).toBe("");
  });
});
