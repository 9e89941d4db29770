/** The scenario of `make lab` with real parts: engine, sshd, Docker, compose, docker-registry, skopeo and podman. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { scenario } from "../../lab/scenario.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { dockerIsThere } from "./machine/docker-engine.ts";
import { startFleet } from "./machine/fleet.ts";
import type { Fleet, FleetNode } from "./machine/fleet.ts";
import { podmanClient } from "./machine/podman.ts";
import { descendants, kill } from "./machine/processes.ts";

const needed = await Promise.all(["sshd", "docker-registry", "skopeo", "podman"].map(findProgram));
const possible = (await dockerIsThere()) && !needed.includes(undefined);

const destroy = scenario.slice(-1);
const life = scenario.slice(0, -1);

// In order: each part begins where the one before ended.
describe.skipIf(!possible)("a fleet of real parts", () => {
  let fleet: Fleet;
  /** Containers after the first `up`. */
  let containers: string;
  /** What an engine that was killed had started. */
  const orphans: number[] = [];

  beforeAll(async () => {
    fleet = await startFleet();
  });
  afterAll(async () => {
    orphans.forEach(kill);
    await fleet.stop();
  });

  const running = () => fleet.docker.docker(["ps", "--quiet", "--no-trunc"]);

  it.each(life.slice(0, 1))("$title", async ({ run }) => {
    expect(await run(fleet)).not.toEqual([]);
    containers = await running();
    expect(containers.trim().split("\n")).toHaveLength(9);
  });

  it.each(life.slice(1))("$title", async ({ run }) => {
    expect(await run(fleet)).not.toEqual([]);
  });

  it("does all that with the containers of the first up", async () => {
    expect(await running()).toBe(containers);
    expect(await fleet.stack.pending("--refresh")).toEqual({});
  });

  it("serves podman as well", async () => {
    const { accessLog, project } = fleet.harbor;
    const pulls = async () =>
      (await readFile(accessLog, "utf8")).split(`/v2/${project}/${fleet.upstream.repository}/manifests/`)
        .length;
    const before = await pulls();
    const reference = `${fleet.upstream.registry}/${fleet.upstream.repository}:${fleet.upstream.tags.pulled}`;
    await podmanClient(fleet.scratch).pull(fleet.nodes[0]?.containers ?? "", reference);
    await expect.poll(pulls).toBeGreaterThan(before);
  });

  it("goes on where an engine that was killed left the rollout", async () => {
    const slow = fleet.nodes[2];
    if (slow === undefined) throw new Error("there is no third node");
    await fleet.stack.setConfig("harbor-cache:registries[0].aliases[0]", "alias.example.com");
    await writeFile(join(slow.folder, "hang"), "");
    await killDuringUp(() => exists(join(slow.folder, "hanging")));
    await rm(join(slow.folder, "hang"));
    await fleet.stack.must(["cancel", "--yes", "--stack", fleet.stack.options.name]);
    await fleet.stack.mustRun("up");
    for (const node of fleet.nodes) expect(await dropIns(node)).toContain("alias.example.com");
    expect(await fleet.stack.pending("--refresh")).toEqual({});
  });

  it.each(destroy)("$title", async ({ run }) => {
    expect(await run(fleet)).not.toEqual([]);
    expect(await fleet.docker.docker(["ps", "--all", "--quiet"])).toBe("");
    expect(await fleet.docker.docker(["network", "ls", "--filter", "type=custom", "--quiet"])).toBe("");
  });

  /** Runs `up` and ends the engine by SIGKILL once `moment` has come. */
  async function killDuringUp(moment: () => Promise<boolean>): Promise<void> {
    const { engine, name, configFile } = fleet.stack.options;
    const args = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", name];
    const pulumi = spawn(engine.pulumi, [...args, "--config-file", configFile], {
      env: fleet.stack.env,
      stdio: "ignore",
    });
    const ended = once(pulumi, "exit");
    while (pulumi.exitCode === null && !(await moment())) await sleep(20);
    orphans.push(...(await descendants(pulumi.pid ?? 0)));
    pulumi.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
  }
});

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** All mirror files of a node, as one text. */
async function dropIns({ containers }: FleetNode): Promise<string> {
  const folder = join(containers, "registries.conf.d");
  const texts = (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8"));
  return (await Promise.all(texts)).join("\n");
}
