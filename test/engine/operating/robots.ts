/** Secrets of robots, the program's own among them, and objects that are made anew by hand. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import type { Logins, Operating } from "./environment.ts";
import { resourcesOf } from "./stack-resources.ts";

/** In the state, as if the secret had been made so long ago. */
async function age({ stack }: Operating, days: number, ...names: readonly string[]): Promise<void> {
  const file = join(stack.options.backend, ".pulumi/stacks/operating/test.json");
  const state = JSON.parse(await readFile(file, "utf8")) as {
    checkpoint: { latest: { resources: { urn: string; outputs?: Record<string, unknown> }[] } };
  };
  for (const { urn, outputs } of state.checkpoint.latest.resources) {
    if (!outputs || !names.some((name) => urn.endsWith(`RobotAccount::${name}`))) continue;
    outputs["secretCreatedAt"] = new Date(Date.now() - days * 86_400_000).toISOString();
  }
  await writeFile(file, JSON.stringify(state));
}

/** Expects the extras of `describeRefusals`. */
export function describeRobots(it: () => Operating): void {
  let logins: Logins;

  test("while Harbor is read-only nothing changes and all say why", async () => {
    const before = await it().state();
    await age(it(), 91, "robot");
    const [ci, ...robots] = it().wanted.settings["robots"] as object[];
    await it().configure({
      settings: { robots: [{ ...ci, rotation: "2" }, ...robots] },
      extras: it()
        .wanted.extras.filter(({ name }) => name !== "lost")
        .map((extra) =>
          extra.name === "silver" ? { ...extra, args: { ...extra.args, color: "#123456" } } : extra,
        ),
    });
    it().harbor.faults.readOnly(true);
    const { code, output } = await it().stack.run("up", "--continue-on-error");
    it().harbor.faults.readOnly(false);
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /Harbor answered 403 to P\w+ .*read only mode.*\w\. Switch it off in Harbor's system settings/,
    );
    expect(await it().state()).toEqual(before);
    logins = await it().logins();
    expect(await it().signIn(...Object.values(logins))).toEqual([true, true, true, true]);
  });

  test("secrets are made anew by age and by a word, and the same up goes on with them", async () => {
    const { program, pull, ci, pusher } = logins;
    // Two robots, the label, a project that goes; the up has the two connections that sign in by these robots besides.
    const { name, configFile } = it().stack.options;
    const { output } = await it().stack.must([
      "up",
      "--yes",
      "--diff",
      "--stack",
      name,
      "--config-file",
      configFile,
    ]);
    expect(output).toMatch(/~ 3 to update\n +- 1 to delete\n[^]*~ 5 updated\n +- 1 deleted\n/);
    logins = await it().logins();
    expect(await it().signIn(program, ci)).toEqual([false, false]);
    expect(await it().signIn(...Object.values(logins))).toEqual([true, true, true, true]);
    expect(logins).toMatchObject({ pull, pusher });
    const { projects } = await it().state();
    expect(projects["platform"]).toMatchObject({ labels: [{ color: "#123456" }, {}, {}] });
    expect(projects).not.toHaveProperty("lost");
  });

  test("what is made anew by hand takes over its own object, which is not deleted as the old one", async () => {
    const names = [
      "::cache-up.example",
      "::maintenance-gc",
      "::projects-platform/gold",
      "::robot",
      "::login",
    ];
    const chosen = (await resourcesOf(it().stack)).filter(
      ({ urn, type }) => names.some((name) => urn.endsWith(name)) && type.startsWith("harborcache:harbor:"),
    );
    const before = await it().state();
    const { program } = logins;
    await it().stack.mustRun("up", ...chosen.flatMap(({ urn }) => ["--replace", urn]));
    expect(await it().state()).toEqual(before);
    logins = await it().logins();
    expect(await it().signIn(program, logins.program)).toEqual([false, true]);
  });

  test("without its robot the program says what to do, and that helps", async () => {
    const { id } = await it().resource("robot", ":RobotAccount");
    await it().api(`/robots/${id ?? ""}`, { method: "DELETE" });
    const { code, output } = await it().stack.run("refresh");
    expect(code).not.toBe(0);
    expect(output).toMatch(/robot account that was deleted in Harbor is made anew by the next pulumi up/);
    const { output: done } = await it().stack.mustRun("up");
    expect(done).toMatch(/^ +\+ 1 created\n +~ 1 updated$/m);
    logins = await it().logins();
    expect(await it().signIn(logins.program)).toEqual([true]);
  });
}
