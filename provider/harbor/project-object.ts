/** Objects inside a project: their id is `project/number`, and their path takes the project's number. */
import type { HarborClient } from "./client.ts";
import { getProject, requireProject } from "./project-api.ts";

/** `webhook/policies` → `/projects/7/webhook/policies`. */
export async function collectionOf(
  harbor: HarborClient,
  project: string,
  collection: string,
): Promise<string> {
  const { project_id } = await requireProject(harbor, project);
  return `/projects/${project_id}/${collection}`;
}

export interface Place {
  readonly project: string;
  readonly number: number;
  /** Of the objects of this kind in the project. */
  readonly collection: string;
}

/** Where an id points to; undefined where its project is gone. */
export async function placeOf(
  harbor: HarborClient,
  id: string,
  collection: string,
): Promise<Place | undefined> {
  const [, project = "", number = ""] = /^([^/]+)\/(\d+)$/.exec(id) ?? [];
  if (number === "") throw new Error(`'${id}' is no id of it: give project/number, such as docker.io/7.`);
  const found = await getProject(harbor, project);
  return (
    found && {
      project,
      number: Number(number),
      collection: `/projects/${found.project_id}/${collection}`,
    }
  );
}
