/**
 * Objects inside a project: their id is `project/number`. Their paths name the project, since Harbor takes some of them for
 * numbers of projects that don't exist (quirk 47).
 */
import type { z } from "zod";
import type { HarborClient } from "./client.ts";
import { projectPath, requireProject } from "./project-api.ts";

export interface ProjectObjects {
  /** `webhook/policies` → `/projects/docker.io/webhook/policies`. */
  pathOf(project: string): string;
  /** Path of one, and its parts. */
  placeOf(id: string): { readonly path: string; readonly project: string; readonly number: number };
  /** All of a project. Throws where there is no such project. */
  list<T>(harbor: HarborClient, project: string, schema: z.ZodType<T>): Promise<T>;
}

export function projectObjects(collection: string): ProjectObjects {
  const pathOf = (project: string) => `${projectPath(project)}/${collection}`;
  return {
    pathOf,
    placeOf(id) {
      const [, project = "", number = ""] = /^([^/]+)\/(\d+)$/.exec(id) ?? [];
      if (number === "") throw new Error(`'${id}' is no id of it: give project/number, such as docker.io/7.`);
      return { path: `${pathOf(project)}/${number}`, project, number: Number(number) };
    },
    async list(harbor, project, schema) {
      const path = `${pathOf(project)}?page_size=0`;
      const found = await harbor.find(path, schema, true);
      if (found !== undefined) return found;
      await requireProject(harbor, project);
      return harbor.get(path, schema, true);
    },
  };
}
