/** `harborcache:harbor:ImmutableTagRule`: tags that can't be overwritten or deleted. Its id is `project/number`. */
import { z } from "zod";
import { harborObject, type Wanted } from "./harbor-object.ts";
import { projectShape } from "./project-inputs.ts";
import { projectObjects } from "./project-object.ts";
import { differences, type Seen } from "./seen.ts";
import {
  contradictions,
  fromSelectors,
  selectorShape,
  selectorsSchema,
  toSelectors,
} from "./tag-selectors.ts";
import { withoutUndefined } from "./without-undefined.ts";

const objects = projectObjects("immutabletagrules");

const shape = {
  project: projectShape.name,
  ...selectorShape,
  disabled: z.boolean().default(false),
};

const ruleSchema = z.object({ id: z.int(), disabled: z.boolean().default(false), ...selectorsSchema });
const ruleList = z.array(ruleSchema);

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
    const rules = (await objects.list(harbor, project, ruleList)).map((rule) => toSeen(project, rule));
    const same = { what: "", shape: selectorShape, outputs: [] };
    return rules.find(({ inputs }) => differences(same, withoutUndefined(wanted), inputs).length === 0);
  },

  async get(harbor, id) {
    const { project, number } = objects.placeOf(id);
    // There is no GET of one.
    const rules = await harbor.find(`${objects.pathOf(project)}?page_size=0`, ruleList, true);
    const found = rules?.find((rule) => rule.id === number);
    return found && toSeen(project, found);
  },

  post: (_harbor, wanted) =>
    Promise.resolve({ path: objects.pathOf(wanted.project), body: toRule(wanted), byName: true }),

  made: ({ location }, { project }) => ({
    id: `${project}/${location.split("/").at(-1) ?? ""}`,
    outputs: {},
  }),

  async put(harbor, seen, wanted) {
    const { path, number } = objects.placeOf(seen.id);
    const rule = { ...toRule(wanted), id: number };
    await harbor.put(path, rule, true);
    // A PUT that switches a rule on or off changes nothing else.
    if (seen.inputs["disabled"] !== wanted.disabled) await harbor.put(path, rule, true);
    return {};
  },

  remove: (harbor, seen) => harbor.delete(objects.placeOf(seen.id).path, true),
});

function toSeen(project: string, rule: z.infer<typeof ruleSchema>): Seen {
  return {
    id: `${project}/${rule.id}`,
    inputs: { project, ...fromSelectors(rule), disabled: rule.disabled },
    outputs: {},
  };
}

function toRule(wanted: Wanted<typeof shape>) {
  return {
    disabled: wanted.disabled,
    action: "immutable",
    template: "immutable_template",
    ...toSelectors(wanted),
  };
}
