/** `harborcache:harbor:Label`: a label for artifacts, of one project or of all. Its id is Harbor's number. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { harborObject } from "./harbor-object.ts";
import { getProjectByNumber, requireProject } from "./project-api.ts";
import { projectShape } from "./project-inputs.ts";
import { shownText, type Seen } from "./seen.ts";
import { withoutUndefined } from "./without-undefined.ts";

const labelSchema = z.object({
  id: z.int(),
  name: z.string(),
  color: shownText,
  description: shownText,
  /** Absent where it is for all projects. */
  project_id: z.int().optional(),
});

export const label = harborObject({
  type: "harborcache:harbor:Label",
  what: "label",
  shape: {
    name: z.string().min(1, "must not be empty").max(128, "must have at most 128 characters"),
    color: z
      .string()
      .regex(/^#[0-9A-Fa-f]{6}$/, "must be #RRGGBB, such as #0065AB")
      .optional(),
    description: z.string().min(1, "must not be empty: leave it out").optional(),
    project: projectShape.name.optional(),
  },
  outputs: ["labelId"],
  replaceOn: ["project"],
  key: ["name", "project"],

  async find(harbor, { name, project }) {
    const number = project === undefined ? undefined : (await requireProject(harbor, project)).project_id;
    const scope = number === undefined ? "scope=g" : `scope=p&project_id=${number}`;
    const labels = await harbor.get(`/labels?${scope}&page_size=0`, z.array(labelSchema));
    const found = labels.find((one) => one.name === name);
    return found && toSeen(found, project);
  },

  async get(harbor, id) {
    const found = /^\d+$/.test(id) ? await harbor.find(`/labels/${id}`, labelSchema) : undefined;
    return found && toSeen(found, await projectOf(harbor, found.project_id));
  },

  async post(harbor, { name, color, description, project }) {
    const scope =
      project === undefined
        ? { scope: "g" }
        : { scope: "p", project_id: (await requireProject(harbor, project)).project_id };
    return { path: "/labels", body: { name, color, description, ...scope } };
  },

  async put(harbor, seen, { name, color, description }) {
    await harbor.put(`/labels/${seen.id}`, { name, color, description });
    return {};
  },

  remove: (harbor, seen) => harbor.delete(`/labels/${seen.id}`),
});

function toSeen({ id, name, color, description }: z.infer<typeof labelSchema>, project?: string): Seen {
  const inputs = withoutUndefined({ name, color, description, project });
  return { id: String(id), inputs, outputs: { labelId: id } };
}

async function projectOf(harbor: HarborClient, number = 0): Promise<string | undefined> {
  return number === 0 ? undefined : (await getProjectByNumber(harbor, number))?.name;
}
