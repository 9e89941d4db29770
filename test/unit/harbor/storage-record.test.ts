/** Harbor's database names layers that lie in one storage, and the machine keeps in mind which. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoriesScript, startScript } from "../../../components/harbor/step-scripts.ts";
import type { HarborSettings } from "../../../config/settings.ts";
import { exampleMachine, passwords } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript(exampleMachine({}, machine.root)));
  machine.calls();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const layers = { bucket: "layers", region: "eu-west-1" };
const record = "data/.harbor-cache/storage";
const run = (changes: Partial<HarborSettings> = {}) =>
  machine.run(startScript(exampleMachine(changes, machine.root), passwords));

describe("the storage of the layers", () => {
  it("is recorded with new data", async () => {
    await run();
    expect(machine.read(record)).toBe("dir");
    expect(machine.mode(record)).toBe("0600");
  });

  it("may be another one as long as no data was made", async () => {
    machine.write("state/fail-prepare", "no\n");
    await run();
    machine.remove("state/fail-prepare");
    expect((await run({ s3: { ...layers, rootDirectory: "/harbor" } })).code).toBe(0);
    expect(machine.read(record)).toBe("s3:layers/harbor");
    expect((await run({ s3: { ...layers, rootDirectory: "/harbor" } })).code).toBe(0);
  });

  it.each<[string, Partial<HarborSettings>, Partial<HarborSettings>, string, string]>([
    ["a bucket after the folder", {}, { s3: layers }, "dir", "s3:layers"],
    ["the folder after a bucket", { s3: layers }, {}, "s3:layers", "dir"],
    [
      "another folder of the bucket",
      { s3: layers },
      { s3: { ...layers, rootDirectory: "/harbor" } },
      "s3:layers",
      "s3:layers/harbor",
    ],
  ])(
    "is refused before anything is changed: %s, until the record says so",
    async (_what, was, is, from, to) => {
      await run(was);
      machine.calls();
      const before = machine.read("opt/harbor/harbor.yml");
      const { code, stderr } = await run(is);
      expect(code).toBe(1);
      expect(stderr).toContain(`lie in ${from}, and Harbor would look for them in ${to}\n`);
      expect(stderr).toContain(`printf %s '${to}' >${machine.path(record)}\n`);
      expect(machine.calls()).toEqual([]);
      expect(machine.read("opt/harbor/harbor.yml")).toBe(before);
      machine.write(record, `${to}\n`);
      expect((await run(is)).code).toBe(0);
    },
  );

  it("is the folder where data is older than the record", async () => {
    await run();
    machine.remove(record);
    expect((await run()).code).toBe(0);
    expect(machine.exists(record)).toBe(false);
    expect((await run({ s3: layers })).stderr).toContain("lie in dir");
  });
});
