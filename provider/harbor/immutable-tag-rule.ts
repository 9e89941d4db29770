/** `harborcache:harbor:ImmutableTagRule`: tags that can't be overwritten or deleted. Its id is `project/number`. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { harborObject, type Wanted } from "./harbor-object.ts";
import { projectShape } from "./project-inputs.ts";
import { collectionOf, placeOf } from "./project-object.ts";
import { differences, type Seen } from "./seen.ts";
import {
  contradictions,
  fromSelectors,
  selectorShape,
  selectorsSchema,
  toSelectors,
} from "./tag-selectors.ts";
import { withoutUndefined } from "./without-undefined.ts";

const RULES = "immutabletagrules";

const shape = {
  project: projectShape.name,
  ...selectorShape,
  disabled: z.boolean().default(false),
};

const ruleSchema = z.object({ id: z.int(), disabled: z.boolean().default(false), ...selectorsSchema });

export const immutableTagRule = harborObject({
  type: "harborcache:harbor:ImmutableTagRule",
  what: "immutable tag rule",
  shape,
  outputs: [],
  replaceOn: ["project"],
  key: ["project"],
  rules: contradictions,

  async find(harbor, wanted) {
    const { project } = wanted;
    const rules = await list(harbor, project, await collectionOf(harbor, project, RULES));
    const same = { what: "", shape: selectorShape, outputs: [] };
    return rules.find(({ inputs }) => differences(same, withoutUndefined(wanted), inputs).length === 0);
  },

  async get(harbor, id) {
    const place = await placeOf(harbor, id, RULES);
    // There is no GET of one.
    return place && (await list(harbor, place.project, place.collection)).find((seen) => seen.id === id);
  },

  async post(harbor, wanted) {
    return { path: await collectionOf(harbor, wanted.project, RULES), body: toRule(wanted) };
  },

  made: ({ location }, { project }) => ({
    id: `${project}/${location.split("/").at(-1) ?? ""}`,
    outputs: {},
  }),

  async put(harbor, seen, wanted) {
    const place = await placeOf(harbor, seen.id, RULES);
    if (place === undefined) return {};
    const path = `${place.collection}/${place.number}`;
    const rule = { ...toRule(wanted), id: place.number };
    await harbor.put(path, rule);
    // A PUT that switches a rule on or off changes nothing else.
    if (seen.inputs["disabled"] !== wanted.disabled) await harbor.put(path, rule);
    return {};
  },

  async remove(harbor, seen) {
    const place = await placeOf(harbor, seen.id, RULES);
    if (place !== undefined) await harbor.delete(`${place.collection}/${place.number}`);
  },
});

async function list(harbor: HarborClient, project: string, path: string): Promise<Seen[]> {
  const rules = await harbor.get(`${path}?page_size=0`, z.array(ruleSchema));
  return rules.map((rule) => ({
    id: `${project}/${rule.id}`,
    inputs: { project, ...fromSelectors(rule), disabled: rule.disabled },
    outputs: {},
  }));
}

function toRule(wanted: Wanted<typeof shape>) {
  return {
    disabled: wanted.disabled,
    action: "immutable",
    template: "immutable_template",
    ...toSelectors(wanted),
  };
}
