/**
 * `harborcache:harbor:RetentionPolicy`: which artifacts of a project are kept. Its id is the project's name. Harbor gives each
 * proxy-cache project a policy of its own (quirk 28): that one is changed, and at the end put back.
 */
import { z } from "zod";
import type { Properties, Value } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { harborSetting } from "./harbor-setting.ts";
import { explainInternalError } from "./health.ts";
import { getProject, requireProject, type HarborProject } from "./project-api.ts";
import { retentionShape, TEMPLATES } from "./retention-inputs.ts";
import { shownText } from "./seen.ts";
import { fromSelectors, includesUntagged, selectorsSchema, toSelectors } from "./tag-selectors.ts";
import { withoutUndefined } from "./without-undefined.ts";

const ruleSchema = z.object({
  disabled: z.boolean().default(false),
  template: z.string(),
  params: z.record(z.string(), z.number()).nullish(),
  ...selectorsSchema,
});

const policySchema = z.object({
  rules: z.array(ruleSchema).nullish(),
  trigger: z.object({ settings: z.object({ cron: shownText }).nullish() }).nullish(),
});

/** What Harbor gives a proxy-cache project. */
const DEFAULT = {
  schedule: "0 0 0 * * *",
  rules: [{ nDaysSinceLastPull: 7, untaggedArtifacts: true, disabled: false }],
};

export const retentionPolicy = harborSetting({
  type: "harborcache:harbor:RetentionPolicy",
  what: "retention policy",
  shape: retentionShape,
  outputs: [],
  replaceOn: ["project"],
  id: ({ project }) => (typeof project === "string" ? project : ""),

  async get(harbor, id) {
    const number = policyOf(await getProject(harbor, id));
    // Harbor answers 500 for a policy that doesn't exist.
    if (number === undefined) return undefined;
    const { rules, trigger } = await harbor.get(`/retentions/${number}`, policySchema);
    return withoutUndefined({
      project: id,
      schedule: trigger?.settings?.cron,
      rules: (rules ?? []).map(fromRule),
    });
  },

  async apply(harbor, id, wanted) {
    await write(harbor, await requireProject(harbor, id), wanted);
  },

  async reset(harbor, id) {
    const project = await getProject(harbor, id);
    const number = policyOf(project);
    if (project?.registry_id !== undefined) await write(harbor, project, DEFAULT);
    else if (number !== undefined) await harbor.delete(`/retentions/${number}`);
    return undefined;
  },
});

interface Policy {
  readonly schedule?: string | undefined;
  readonly rules: readonly Properties[];
}

const policyOf = (project: HarborProject | undefined): string | undefined =>
  project?.metadata["retention_id"];

/** A project has one at most: a second POST is refused. */
async function write(harbor: HarborClient, project: HarborProject, { schedule, rules }: Policy) {
  const body = {
    algorithm: "or",
    rules: rules.map(toRule),
    trigger: { kind: "Schedule", settings: { cron: schedule ?? "" } },
    scope: { level: "project", ref: project.project_id },
  };
  const put = (number: string) => harbor.put(`/retentions/${number}`, body);
  const make = async () => {
    const made = await harbor.create("/retentions", body, async () =>
      policyOf(await getProject(harbor, project.name)),
    );
    if ("existing" in made) await put(made.existing);
  };
  const number = policyOf(project);
  await (number === undefined ? make() : put(number)).catch((error: unknown) =>
    explainInternalError(harbor, `The retention policy of ${project.name} can't be written`, error),
  );
}

function toRule(rule: Properties): object {
  const [name, template] = Object.entries(TEMPLATES).find(([key]) => rule[key] !== undefined) ?? [];
  const value = name === undefined || name === "alwaysRetain" ? undefined : rule[name];
  return {
    action: "retain",
    template,
    params: template === undefined || value === undefined ? {} : { [template]: value },
    ...toSelectors(rule, rule["untaggedArtifacts"] === true),
    ...(rule["disabled"] === true && { disabled: true }),
  };
}

function fromRule(rule: z.infer<typeof ruleSchema>): Properties {
  const { template, params, disabled } = rule;
  const name = Object.entries(TEMPLATES).find(([, known]) => known === template)?.[0];
  // A template that we don't know shows under Harbor's name of it.
  const keeps: Record<string, Value> = {
    [name ?? template]: name === "alwaysRetain" ? true : (params?.[template] ?? 0),
  };
  return { ...fromSelectors(rule), ...keeps, untaggedArtifacts: includesUntagged(rule), disabled };
}
