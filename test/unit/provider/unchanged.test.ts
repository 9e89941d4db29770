/** What diff calls unchanged, update leaves unchanged in Harbor; what it calls changed is then as wanted. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { garbageCollection } from "../../../provider/harbor/garbage-collection.ts";
import { immutableTagRule } from "../../../provider/harbor/immutable-tag-rule.ts";
import { label } from "../../../provider/harbor/label.ts";
import { project } from "../../../provider/harbor/project.ts";
import { purgeAuditLog } from "../../../provider/harbor/purge-audit-log.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { replicationPolicy } from "../../../provider/harbor/replication-policy.ts";
import { retentionPolicy } from "../../../provider/harbor/retention-policy.ts";
import { webhookPolicy } from "../../../provider/harbor/webhook-policy.ts";
import type { ResourceModule } from "../../../provider/resource.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { checked, contextFor, URN } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { make, readBack } from "./life-cycle.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
  const endpoint = { name: "upstream", providerName: "docker-registry", endpointUrl: lab.upstream.url };
  await make(registry, lab.client, endpoint);
  await make(registry, lab.client, { ...endpoint, name: "other" });
  await make(project, lab.client, { name: "cache", registryId: 1 });
});
afterAll(async () => {
  await lab.close();
});

/** Values of an input: each list holds spellings of one and the same, null being absence. */
type Spellings = Readonly<Record<string, readonly (readonly (Value | undefined)[])[]>>;

interface Case {
  readonly module: ResourceModule;
  readonly fixed: Properties;
  readonly inputs: Spellings;
  readonly path: (id: string) => string;
}

const flag = (initial: boolean) => [[null, initial], [!initial]] as const;
const number = (id: string) => id.split("/").at(-1) ?? "";

const cases: Case[] = [
  {
    module: label,
    fixed: { name: "gold" },
    inputs: { color: [[null], ["#000000"], ["#FFFFFF"]], description: [[null], ["d"]] },
    path: (id) => `/labels/${id}`,
  },
  {
    module: immutableTagRule,
    fixed: { project: "cache" },
    inputs: {
      repoMatching: [[null, "**"], ["a/**"]],
      tagMatching: [[null, "**"], ["v*"]],
      disabled: flag(false),
    },
    path: () => "/projects/2/immutabletagrules",
  },
  {
    module: webhookPolicy,
    fixed: { project: "cache", name: "hook" },
    inputs: {
      description: [[null], ["d"]],
      eventTypes: [[["REPLICATION"]], [["REPLICATION", "PUSH_ARTIFACT"]]],
      notifyType: [[null, "http"]],
      address: [["http://a"], ["http://b/c"]],
      authHeader: [[null], ["Bearer x"]],
      payloadFormat: [[null, "Default"], ["CloudEvents"]],
      skipCertVerify: flag(false),
      enabled: flag(true),
    },
    path: (id) => `/projects/2/webhook/policies/${number(id)}`,
  },
  {
    module: replicationPolicy,
    fixed: { name: "push-out" },
    inputs: {
      description: [[null], ["d"]],
      action: [["push"], ["pull"]],
      registryId: [[1], [2]],
      schedule: [
        [null, "manual"],
        ["0 0 3 * * *", " 0 0  3 * * *"],
      ],
      destNamespace: [[null], ["mirror"]],
      destNamespaceReplace: [[null, -1], [1]],
      filters: [
        [null, []],
        [[{ type: "tag", value: "v*" }], [{ type: "tag", value: "v*", decoration: "matches" }]],
        [[{ type: "tag", value: "v*", decoration: "excludes" }]],
        [[{ type: "label", value: "a,b" }]],
        [[{ type: "name", value: "a/**" }]],
      ],
      enabled: flag(true),
      override: flag(true),
      deletion: flag(false),
      speed: [[null, -1], [5]],
      copyByChunk: flag(false),
      singleActiveReplication: flag(false),
    },
    path: (id) => `/replication/policies/${id}`,
  },
  {
    module: retentionPolicy,
    fixed: { project: "cache" },
    inputs: {
      schedule: [[null], ["0 0 3 * * *", "0  0 3 * * *"]],
      rules: [
        [[{ alwaysRetain: true }], [{ alwaysRetain: true, tagMatching: "**", untaggedArtifacts: true }]],
        [[{ nDaysSinceLastPull: 3 }], [{ nDaysSinceLastPull: 3, alwaysRetain: false, disabled: false }]],
        [[{ nDaysSinceLastPull: 3, disabled: true }]],
        [[{ mostRecentlyPushed: 1, tagExcluding: "v*" }]],
        [[{ mostRecentlyPushed: 1, tagExcluding: "v*", untaggedArtifacts: false }, { alwaysRetain: true }]],
      ],
    },
    path: () => "/retentions/1",
  },
  {
    module: garbageCollection,
    fixed: {},
    inputs: {
      schedule: [["0 0 3 * * *"], ["0 0 4 * * *"]],
      deleteUntagged: flag(false),
      workers: [[null, 1], [2]],
    },
    path: () => "/system/gc/schedule",
  },
  {
    module: purgeAuditLog,
    fixed: {},
    inputs: {
      schedule: [["0 0 3 * * *"], ["0 0 4 * * *"]],
      auditRetentionHour: [[1], [2]],
      includeEventTypes: [[["pull_artifact"]], [["pull_artifact", "create_artifact"]]],
    },
    path: () => "/system/purgeaudit/schedule",
  },
];

/** Which value of each input, and which spelling of it. */
function spelled(
  inputs: Spellings,
): fc.Arbitrary<{ wanted: Properties; again: Properties; other: Properties }> {
  const choices = (of: (name: string) => number) =>
    fc.record(Object.fromEntries(Object.keys(inputs).map((name) => [name, fc.nat(of(name) - 1)])));
  const values = choices((name) => inputs[name]?.length ?? 1);
  const spellings = choices(() => 4);
  const write = (value: Record<string, number>, spelling: Record<string, number>): Properties =>
    Object.fromEntries(
      Object.entries(inputs).flatMap(([name, all]) => {
        const same = all[value[name] ?? 0] ?? [];
        const text = same[(spelling[name] ?? 0) % same.length] ?? null;
        return text === null ? [] : [[name, text]];
      }),
    );
  return fc.tuple(values, values, spellings, spellings).map(([value, change, one, two]) => ({
    wanted: write(value, one),
    again: write(value, two),
    other: write(change, two),
  }));
}

/** All that Harbor shows, but for times and what is renumbered with each write. */
async function shown(path: string): Promise<unknown> {
  const text = JSON.stringify(await lab.client.get(path, z.unknown()));
  return text
    .replaceAll(/"(update_time|creation_time|next_scheduled_time)":"[^"]*",?/g, "")
    .replace(/"id":\d+,?/, "");
}

test.each(cases.map((one) => [one.module.type, one] as const))(
  "%s",
  async (_, { module, fixed, inputs, path }) => {
    const context = contextFor(lab.client);
    const [first] = fc.sample(spelled(inputs), { numRuns: 1, seed: 1 });
    let made = await make(module, lab.client, { ...fixed, ...first?.wanted });
    const bring = async (news: Properties) => {
      const state = await module.update(context, URN, made.id, made.inputs, made.state, news, false);
      made = { id: made.id, inputs: news, state };
    };
    await fc.assert(
      fc.asyncProperty(spelled(inputs), async ({ wanted, again, other }) => {
        await bring(await checked(module, { ...fixed, ...wanted }));
        const before = await shown(path(made.id));
        const same = await checked(module, { ...fixed, ...again });
        expect(module.diff(made.id, made.inputs, made.state, same).detailed).toEqual({});
        await bring(same);
        expect(await shown(path(made.id))).toEqual(before);
        const different = await checked(module, { ...fixed, ...other });
        const unchanged =
          Object.keys(module.diff(made.id, made.inputs, made.state, different).detailed).length === 0;
        await bring(different);
        if (unchanged) expect(await shown(path(made.id))).toEqual(before);
        else expect(await shown(path(made.id))).not.toEqual(before);
        expect(await readBack(module, lab.client, made)).toEqual(made);
      }),
      { numRuns: 12 },
    );
  },
);
