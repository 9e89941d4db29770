/** What holds inside one project, against the Harbor stand-in: retention, immutable tags, labels, webhooks. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { immutableTagRule } from "../../../provider/harbor/immutable-tag-rule.ts";
import { label } from "../../../provider/harbor/label.ts";
import { project } from "../../../provider/harbor/project.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { retentionPolicy } from "../../../provider/harbor/retention-policy.ts";
import { webhookPolicy } from "../../../provider/harbor/webhook-policy.ts";
import type { ResourceModule } from "../../../provider/resource.ts";
import { failuresOf } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { end, expectAdoption, expectOthersSafe, live, make, readBack } from "./life-cycle.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
  const upstream = { name: "upstream", providerName: "docker-registry", endpointUrl: lab.upstream.url };
  const { id } = await make(registry, lab.client, upstream);
  await make(project, lab.client, { name: "cache", registryId: Number(id) });
  // Its name is digits, which Harbor takes for a number unless told otherwise.
  await make(project, lab.client, { name: "4711" });
});
afterAll(async () => {
  await lab.close();
});

const raw = (path: string) => lab.client.get(path, z.record(z.string(), z.unknown()));
const numberOf = (id: string) => id.split("/").at(-1) ?? "";
const projectNumber = async (name: string) =>
  z.object({ project_id: z.int() }).parse(await lab.client.get(`/projects/${name}`, z.unknown(), true))
    .project_id;
const metadata = (name: string) =>
  lab.client.get(`/projects/${name}/metadatas`, z.record(z.string(), z.string()), true);

describe("RetentionPolicy", () => {
  const rules = [{ nDaysSinceLastPull: 30 }];
  const changes = [
    { schedule: "0 30 2 * * *" },
    { schedule: null },
    { rules: [{ nDaysSinceLastPush: 5, repoMatching: "team/**", tagExcluding: "v*" }] },
    { rules: [{ mostRecentlyPulled: 3, untaggedArtifacts: false, disabled: true }] },
    { rules: [{ mostRecentlyPushed: 3, repoExcluding: "a", tagMatching: "b", untaggedArtifacts: true }] },
    {
      rules: [{ alwaysRetain: true }, { nDaysSinceLastPull: 1, tagExcluding: "x", untaggedArtifacts: false }],
    },
  ];

  async function byHand(name: string) {
    const { retention_id: number = "" } = await metadata(name);
    await lab.client.put(`/retentions/${number}`, {
      algorithm: "or",
      rules: [],
      trigger: { kind: "Schedule", settings: { cron: "0 0 1 * * *" } },
      scope: { level: "project", ref: await projectNumber(name) },
    });
    return ["schedule", "rules"];
  }

  test("check knows Harbor's rules, and more", async () => {
    expect(
      await failuresOf(retentionPolicy, {
        project: "UP",
        schedule: "0 0 * * *",
        rules: [
          {},
          { nDaysSinceLastPull: 1, alwaysRetain: true },
          { alwaysRetain: false },
          { nDaysSinceLastPull: 0 },
          { alwaysRetain: true, repoMatching: "a", repoExcluding: "b" },
          { alwaysRetain: true, tagMatching: "**" },
          { nDaysSinceLastPull: 2, tags: "v*" },
        ],
      }),
    ).toEqual([
      expect.stringMatching(/^project: must be lower case/),
      expect.stringMatching(/^schedule: must have six fields/),
      expect.stringMatching(/^rules\[0\]: must have exactly one of nDaysSinceLastPull/),
      expect.stringMatching(/^rules\[1\]: must have exactly one/),
      expect.stringMatching(/^rules\[2\]: must have exactly one/),
      "rules[3].nDaysSinceLastPull: must be at least 1: 0 keeps nothing",
      "rules[4].repoExcluding: can't be given together with repoMatching",
      expect.stringMatching(/^rules\[6\]: .*"tags"/),
    ]);
    const wrong = async (given: object[]) =>
      failuresOf(retentionPolicy, { project: "a", rules: given as never });
    expect(await wrong([])).toEqual([expect.stringMatching(/at least one rule/)]);
    expect(await wrong([{ alwaysRetain: true }, { alwaysRetain: true, tagMatching: "**" }])).toEqual([
      "rules[1]: is the same as rules[0]",
    ]);
    expect(await wrong(Array.from({ length: 16 }, (_, i) => ({ nDaysSinceLastPull: i + 1 })))).toEqual([
      "rules: must have at most 15 rules",
    ]);
  });

  test("a proxy-cache project's own policy is changed, and at the end put back", async () => {
    const before = await metadata("cache");
    const inputs = { project: "cache", rules };
    const made = await live({ module: retentionPolicy, harbor: lab.client, inputs, changes, byHand });
    await end(retentionPolicy, lab.client, made);
    expect(await metadata("cache")).toEqual(before);
    expect(await readBack(retentionPolicy, lab.client, made)).toMatchObject({
      inputs: {
        schedule: "0 0 0 * * *",
        rules: [{ nDaysSinceLastPull: 7, untaggedArtifacts: true, disabled: false }],
      },
    });
  });

  test("an ordinary project gets one, and has none at the end", async () => {
    const inputs = { project: "4711", rules };
    const made = await live({ module: retentionPolicy, harbor: lab.client, inputs, changes, byHand });
    await end(retentionPolicy, lab.client, made);
    expect(await readBack(retentionPolicy, lab.client, made)).toBeUndefined();
    expect(await metadata("4711")).not.toHaveProperty("retention_id");
  });

  test("untagged artifacts are kept beside a pattern that excludes tags, whatever Harbor's flag says", async () => {
    const rule = { alwaysRetain: true, tagExcluding: "v*" };
    const { id } = await make(retentionPolicy, lab.client, { project: "4711", rules: [rule] });
    const { retention_id: number = "" } = await metadata(id);
    expect(JSON.stringify((await raw(`/retentions/${number}`))["rules"])).toContain(
      String.raw`{\"untagged\":false}`,
    );
  });

  test("of a project that is gone there is nothing to reset, and nothing can be made", async () => {
    const gone = { id: "gone", inputs: { project: "gone", rules }, state: {} };
    await end(retentionPolicy, lab.client, gone);
    await expect(make(retentionPolicy, lab.client, gone.inputs)).rejects.toThrow(/no project gone/);
  });

  test("another project replaces, with the old one put back first", () => {
    const inputs = { project: "cache", rules };
    expect(retentionPolicy.diff("cache", inputs, inputs, { ...inputs, project: "4711" })).toEqual({
      detailed: { project: { kind: "update-replace" } },
      deleteBeforeReplace: true,
    });
  });
});

describe("ImmutableTagRule", () => {
  test("its life", async () => {
    const made = await live({
      module: immutableTagRule,
      harbor: lab.client,
      inputs: { project: "4711", tagMatching: "v*" },
      changes: [
        { disabled: true },
        { tagMatching: null, repoExcluding: "x/**" },
        { disabled: true, repoMatching: "a", tagMatching: null, tagExcluding: "b" },
        { tagMatching: "r*" },
      ],
      async byHand(id) {
        const path = `/projects/${await projectNumber("4711")}/immutabletagrules`;
        const [rule] = await lab.client.get(path, z.array(z.record(z.string(), z.unknown())));
        await lab.client.put(`${path}/${numberOf(id)}`, { ...rule, disabled: true });
        return ["disabled"];
      },
    });
    expect(made.id).toMatch(/^4711\/\d+$/);
    const adopted = await expectAdoption(immutableTagRule, lab.client, made, { disabled: true });
    await end(immutableTagRule, lab.client, adopted);
    expect(await readBack(immutableTagRule, lab.client, made)).toBeUndefined();
  });

  test("rules of one project are told apart, however many", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `v${index}`);
    const all = [];
    for (const tagMatching of names) {
      all.push(await make(immutableTagRule, lab.client, { project: "cache", tagMatching }));
    }
    expect(new Set(all.map(({ id }) => id)).size).toBe(12);
    for (const made of all) expect(await readBack(immutableTagRule, lab.client, made)).toEqual(made);
  });

  test("check", async () => {
    const both = { project: "a", tagMatching: "a", tagExcluding: "b" };
    expect(await failuresOf(immutableTagRule, both)).toEqual([
      "tagExcluding: can't be given together with tagMatching",
    ]);
    expect(await failuresOf(immutableTagRule, { ...both, tagMatching: "**" })).toEqual([]);
  });
});

describe("Label", () => {
  const byHand = async (id: string) => {
    await lab.client.put(`/labels/${id}`, { name: "gold-2", color: "#000000" });
    return ["color"];
  };
  const changes = [
    { color: "#FFFFFF", description: "d" },
    { color: null },
    { description: "other" },
    { name: "gold-2", description: null },
  ];

  test.each([{}, { project: "4711" }])("its life, %o", async (where) => {
    const inputs = { name: "gold", color: "#0065AB", ...where };
    const outputs = ["labelId"];
    const made = await live({ module: label, harbor: lab.client, inputs, changes, byHand, outputs });
    expect(made.state["labelId"]).toBe(Number(made.id));
    await expectOthersSafe(label, lab.client, made, "name");
    const adopted = await expectAdoption(label, lab.client, made, { description: "mine" });
    await end(label, lab.client, adopted);
    expect(await readBack(label, lab.client, made)).toBeUndefined();
  });

  test("a name may stand in several scopes; another project replaces", async () => {
    const one = await make(label, lab.client, { name: "twice" });
    const two = await make(label, lab.client, { name: "twice", project: "cache" });
    const beside = await make(label, lab.client, { name: "beside", color: "#000000" });
    expect(new Set([one.id, two.id, beside.id]).size).toBe(3);
    expect(label.diff(one.id, one.inputs, one.state, two.inputs).detailed).toEqual({
      project: { kind: "add-replace" },
    });
  });

  test("check", async () => {
    expect(await failuresOf(label, { name: "", color: "red", description: "" })).toEqual([
      "name: must not be empty",
      "color: must be #RRGGBB, such as #0065AB",
      "description: must not be empty: leave it out",
    ]);
  });
});

describe("WebhookPolicy", () => {
  const inputs = {
    project: "4711",
    name: "hook",
    eventTypes: ["PUSH_ARTIFACT", "QUOTA_EXCEED"],
    address: "https://hooks.example.com/h",
    authHeader: "Bearer tok",
  };
  const path = async (id: string) =>
    `/projects/${await projectNumber("4711")}/webhook/policies/${numberOf(id)}`;

  test("its life", async () => {
    const made = await live({
      module: webhookPolicy,
      harbor: lab.client,
      inputs,
      changes: [
        { name: "hook-2", description: "d" },
        { eventTypes: ["REPLICATION"] },
        { notifyType: "slack", address: "https://slack.example.com/x" },
        { authHeader: null, payloadFormat: "CloudEvents" },
        { authHeader: "Bearer other", skipCertVerify: true },
        { enabled: false },
      ],
      async byHand(id) {
        const policy = await raw(await path(id));
        const targets = z.array(z.record(z.string(), z.unknown())).parse(policy["targets"]);
        const changed = targets.map((target) => ({ ...target, auth_header: "Bearer by hand" }));
        await lab.client.put(await path(id), { ...policy, targets: changed, enabled: true });
        return ["authHeader", "enabled"];
      },
    });
    await expectOthersSafe(webhookPolicy, lab.client, made, "name");
    const adopted = await expectAdoption(webhookPolicy, lab.client, made, { enabled: true });
    await end(webhookPolicy, lab.client, adopted);
    expect(await readBack(webhookPolicy, lab.client, made)).toBeUndefined();
  });

  test("the header is a secret", () => {
    expect(webhookPolicy.secretOutputs).toEqual(["authHeader"]);
    expect(webhookPolicy.schema.inputProperties["authHeader"]).toEqual({ type: "string", secret: true });
  });

  test("Harbor's default payload format is none", async () => {
    const plain = await make(webhookPolicy, lab.client, { ...inputs, name: "plain" });
    const named = { ...inputs, name: "plain", payloadFormat: "Default" };
    expect((await webhookPolicy.check(undefined, named)).inputs).toEqual(plain.inputs);
  });

  test("check", async () => {
    const wrong = {
      eventTypes: ["PUSH_ARTEFACT"],
      address: "nonsense",
      notifyType: "slack",
      payloadFormat: "CloudEvents",
    };
    expect(await failuresOf(webhookPolicy, { ...inputs, ...wrong })).toEqual([
      expect.stringMatching(/^eventTypes\[0\]: .*Did you mean 'PUSH_ARTIFACT'\?/),
      expect.stringMatching(/^address: must be a URL/),
      expect.stringMatching(/^payloadFormat: only the notifyType http/),
    ]);
    const address = "https://u:hidden@example.com";
    expect(await failuresOf(webhookPolicy, { ...inputs, address, eventTypes: [] })).toEqual([
      "eventTypes: must name at least one type",
      "address: must not hold credentials: give authHeader",
    ]);
  });
});

const objects: [ResourceModule, object][] = [
  [immutableTagRule, {}],
  [label, { name: "x" }],
  [webhookPolicy, { name: "x", eventTypes: ["REPLICATION"], address: "http://h" }],
];

test.each(objects)(
  "%# in a project that doesn't exist is refused, where Harbor would take it",
  async (module, inputs) => {
    await expect(make(module, lab.client, { project: "nowhere", ...inputs })).rejects.toThrow(
      /Harbor has no project nowhere/,
    );
  },
);
