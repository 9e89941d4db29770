/**
 * The machine that EC2 would start, run inside a mount namespace of its own (namespace.sh): an SSH server that takes the
 * key pair of the stand-in's cloud. Where the cloud has another instance, it is a new machine that has nothing but the
 * data volume. `machine.ts FOLDER`; prints its port. It ends with its stdin.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { backgroundProcess, isRunning } from "../../../lab/background.ts";
import { killTree } from "../../../lab/machine/process-tree.ts";
import { startMachine } from "../../../lab/machine/ssh-server.ts";

const [folder = ""] = process.argv.slice(2);
const inFolder = (path: string) => join(folder, path);
const programs = inFolder("programs");
const containers = inFolder("machine/docker");

const cloud = z.object({
  made: z.array(z.object({ type: z.string(), id: z.string(), inputs: z.looseObject({}) })),
});
const project = z.looseObject({
  harbor: backgroundProcess.optional(),
  edge: backgroundProcess.optional(),
});

let instance: string | undefined;

/** What cloud-init gives the image's user. */
function authorizedKey(): string {
  const { made } = cloud.parse(JSON.parse(readFileSync(inFolder("cloud/cloud.json"), "utf8")));
  const now = made.find(({ type }) => type === "aws:ec2/instance:Instance")?.id;
  if (instance !== undefined && now !== instance) wipe();
  instance = now;
  const pair = made.find(({ type }) => type === "aws:ec2/keyPair:KeyPair");
  return z.string().parse(pair?.inputs["publicKey"]);
}

function wipe(): void {
  stopContainers();
  // The volume is mounted at the new machine by a step, and its folder is empty until then.
  if (existsSync(inFolder("state/mounted"))) renameSync(inFolder("data"), inFolder("state/volume"));
  for (const path of ["machine/docker", "harbor", "state/mounted"])
    rmSync(inFolder(path), { recursive: true, force: true });
}

function stopContainers(): void {
  for (const file of readdirSync(inFolder("machine"), { recursive: true, encoding: "utf8" })) {
    if (!/^docker\/[\w-]+\.json$/.test(file)) continue;
    const { harbor, edge } = project.parse(JSON.parse(readFileSync(inFolder(`machine/${file}`), "utf8")));
    for (const one of [harbor, edge]) if (one !== undefined && isRunning(one)) killTree(one.pid);
  }
  rmSync(containers, { recursive: true, force: true });
}

const machine = await startMachine({
  directory: inFolder("machine"),
  hostKey: readFileSync(inFolder("host-key"), "utf8"),
  authorizedKey,
  user: "ubuntu",
  programs,
  // What is in last-bin counts only where this computer has no such program.
  env: {
    LAB_LOOPBACK: "1",
    MACHINE_STATE: inFolder("state"),
    PATH: [
      programs,
      process.env["PATH"] ?? "",
      fileURLToPath(new URL("../../../lab/machine/last-bin", import.meta.url)),
    ].join(delimiter),
  },
});
process.stdin.resume().once("end", () => {
  stopContainers();
  void machine.close().then(() => process.exit(0));
});
console.log(machine.port);
