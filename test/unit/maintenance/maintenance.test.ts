import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";

import { Maintenance } from "../../../components/maintenance/maintenance.ts";
import { settingsFirst, settingsLast } from "../../../components/maintenance/system-settings.ts";
import { Provider } from "../../../provider/sdk.ts";
import { settingsOf, valid } from "../config/valid.ts";
import { recordResources } from "../mocks.ts";
import type { Registered } from "../mocks.ts";

let registered: Registered[] = [];
beforeEach(async () => {
  registered = await recordResources();
});

async function made(tree: object): Promise<Registered[]> {
  const settings = settingsOf({ ...valid(), ...tree });
  const connection = { url: "https://h.example.com", password: "p" };
  const provider = new Provider("harbor", { ...connection, username: "robot$harbor-cache" });
  const admin = new Provider("harbor-admin", { ...connection, username: "admin" });
  const system = { settings: settings.maintenance, admin, harbor: provider };
  const first = settingsFirst(system);
  const own = new pulumi.ComponentResource("test:else:Everything", "else", {}, { dependsOn: [...first] });
  const args = { settings: settings.maintenance, provider, harbor: provider };
  const maintenance = new Maintenance("maintenance", args, { parent: own });
  settingsLast(system, [maintenance]);
  await pulumi.runtime.disconnect();
  return (
    registered
      .filter(({ type }) => type.startsWith("harborcache:harbor:"))
      // In which order they are registered is nobody's promise.
      .sort((a, b) => a.type.localeCompare(b.type))
  );
}

const shown = ({ type, inputs }: Registered) => ({ type: type.split(":")[2], inputs });

test("garbage collection and the audit log's purge are there by default, and delete nothing that nodes need", async () => {
  expect((await made({})).map(shown)).toEqual([
    { type: "GarbageCollection", inputs: { schedule: "0 0 3 * * 6", deleteUntagged: false, workers: 1 } },
    {
      type: "PurgeAuditLog",
      inputs: {
        schedule: "0 30 2 * * *",
        auditRetentionHour: 2160,
        includeEventTypes: ["create_artifact", "delete_artifact", "pull_artifact"],
      },
    },
  ]);
});

test("what is switched off isn't made", async () => {
  const off = { enabled: false };
  expect(await made({ maintenance: { garbageCollection: off, auditLog: off } })).toEqual([]);
});

test("Harbor's own settings are those that are named, and are its administrator's", async () => {
  const banner = { message: "Friday", closable: true, type: "info" };
  const resources = await made({
    harbor: { trivy: { enabled: true } },
    maintenance: {
      scanSchedule: "0 0 1 * * 0",
      readOnly: true,
      sessionMinutes: 30,
      tokenMinutes: 10,
      projectCreation: "adminonly",
      banner: { message: "Friday" },
    },
  });
  expect(resources.slice(2).map(shown)).toEqual([
    { type: "ScanAll", inputs: { schedule: "0 0 1 * * 0" } },
    {
      type: "SystemSettings",
      inputs: {
        readOnly: true,
        sessionTimeout: 30,
        tokenExpiration: 10,
        projectCreationRestriction: "adminonly",
        bannerMessage: banner,
      },
    },
  ]);
  expect(
    resources.map(({ provider }) => /::(harbor[a-z-]*)::harbor[a-z-]*-id$/.exec(provider ?? "")?.[1]),
  ).toEqual(["harbor", "harbor", "harbor", "harbor-admin"]);
});

test.each([
  { readOnly: true, types: ["Everything", "GarbageCollection", "PurgeAuditLog", "SystemSettings"] },
  { readOnly: false, types: ["SystemSettings", "Everything", "GarbageCollection", "PurgeAuditLog"] },
])("read-only $readOnly comes where the other changes are possible", async ({ readOnly, types }) => {
  await made({ maintenance: { readOnly } });
  const order = registered
    .map(({ type }) => type.split(":").at(-1) ?? "")
    .filter((type) => types.includes(type));
  expect([order[0], order.at(-1) === "SystemSettings"]).toEqual([types[0], readOnly]);
  expect(order.toSorted()).toEqual(types.toSorted());
});
