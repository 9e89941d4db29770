/** What Harbor does to itself on schedule, against the Harbor stand-in. */
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { garbageCollection } from "../../../provider/harbor/garbage-collection.ts";
import { purgeAuditLog } from "../../../provider/harbor/purge-audit-log.ts";
import { scanAll } from "../../../provider/harbor/scan-all.ts";
import type { ResourceModule } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import { contextFor, failuresOf, URN } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { end, live, make, readBack } from "./life-cycle.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor({ trivy: true });
});
afterAll(async () => {
  await lab.close();
});

const schedules = async () =>
  (await lab.client.get("/schedules", z.array(z.object({ vendor_type: z.string() })))).map(
    ({ vendor_type }) => vendor_type,
  );

const kinds: [string, ResourceModule, string, string, Properties, Properties[]][] = [
  [
    "gc",
    garbageCollection,
    "/system/gc/schedule",
    "GARBAGE_COLLECTION",
    { schedule: "0 0 3 * * *" },
    [{ schedule: "0 30 3 * * 6" }, { deleteUntagged: true }, { workers: 10 }],
  ],
  [
    "purge-audit",
    purgeAuditLog,
    "/system/purgeaudit/schedule",
    "PURGE_AUDIT_LOG",
    { schedule: "0 0 3 * * *", auditRetentionHour: 168, includeEventTypes: ["pull_artifact"] },
    [
      { schedule: "0 30 3 * * 6" },
      { auditRetentionHour: 240_000 },
      { includeEventTypes: ["create_artifact", "delete_artifact"] },
    ],
  ],
  [
    "scan-all",
    scanAll,
    "/system/scanAll/schedule",
    "SCAN_ALL",
    { schedule: "0 0 3 * * *" },
    [{ schedule: "0 30 3 * * 6" }],
  ],
];

test.each(kinds)("the life of %s", async (id, module, path, vendor, inputs, changes) => {
  const none = { id, inputs: {}, state: {} };
  expect(await readBack(module, lab.client, none)).toBeUndefined();
  // There can be no second one: what is there is taken over.
  await lab.client.put(path, {
    schedule: { type: "Hourly", cron: "0 0 * * * *" },
    parameters: { audit_retention_hour: 1, include_event_types: "", dry_run: false },
  });
  const made = await live({
    module,
    harbor: lab.client,
    inputs,
    changes,
    async byHand() {
      const parameters = { audit_retention_hour: 1, include_event_types: "pull_artifact", workers: 2 };
      await lab.client.put(path, { schedule: { type: "Daily", cron: "0 0 0 * * *" }, parameters });
      return ["schedule"];
    },
  });
  expect(made.id).toBe(id);
  expect(await schedules()).toContain(vendor);
  await end(module, lab.client, made);
  expect(await schedules()).not.toContain(vendor);
  expect(await readBack(module, lab.client, made)).toBeUndefined();
});

test("an import under another id says which it is", async () => {
  await expect(readBack(scanAll, lab.client, { id: "daily", inputs: {}, state: {} })).rejects.toThrow(
    /its id is scan-all, not daily/,
  );
});

test("a collection set without parameters runs with one worker", async () => {
  await lab.client.put("/system/gc/schedule", { schedule: { type: "Daily", cron: "0 0 0 * * *" } });
  const read = await readBack(garbageCollection, lab.client, { id: "gc", inputs: {}, state: {} });
  expect(read?.inputs).toEqual({ schedule: "0 0 0 * * *", deleteUntagged: false, workers: 1 });
});

test("check", async () => {
  const schedule = "0 3 * * *";
  expect(await failuresOf(garbageCollection, { schedule, workers: 11 })).toEqual([
    expect.stringMatching(/^schedule: must have six fields.*Did you mean '0 0 3 \* \* \*'/),
    "workers: must be 1 to 10",
  ]);
  expect(
    await failuresOf(purgeAuditLog, {
      schedule,
      auditRetentionHour: 0,
      includeEventTypes: ["pull_artefact"],
    }),
  ).toEqual([
    expect.stringMatching(/^schedule/),
    "auditRetentionHour: must be at least 1 hour",
    expect.stringMatching(/^includeEventTypes\[0\]: .*Did you mean 'pull_artifact'/),
  ]);
  expect(await failuresOf(scanAll, { schedule: "@daily" })).toHaveLength(1);
});

test("without a scanner the schedule can't be set, and a removal only warns", async () => {
  const bare = await startLabHarbor();
  try {
    const inputs = { schedule: "0 0 3 * * *" };
    await expect(make(scanAll, bare.client, inputs)).rejects.toThrow(/without Trivy.*412/);
    const made = { id: "scan-all", inputs, state: inputs };
    expect(await readBack(scanAll, bare.client, made)).toBeUndefined();
    const context = contextFor(bare.client);
    await scanAll.delete(context, URN, made.id, made.inputs, made.state);
    expect(context.shown).toEqual([expect.stringMatching(/^warning: .*without effect/)]);
  } finally {
    await bare.close();
  }
});

test("a bare 500 is explained: the jobservice is down", async () => {
  const file = path.join(lab.harbor.app.options.dataDir, "lab-down");
  writeFileSync(file, "jobservice\n");
  try {
    await expect(make(scanAll, lab.client, { schedule: "0 0 5 * * *" })).rejects.toThrow(
      /can't be set: these parts of Harbor are down: jobservice\. Harbor answered 500/,
    );
  } finally {
    rmSync(file);
  }
});
