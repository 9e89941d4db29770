/** Harbor's robot accounts: `/robots`. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { getConfigurations } from "./configurations-api.ts";
import { isStatus } from "./harbor-error.ts";
import { getProject } from "./project-api.ts";

const permission = z.object({
  kind: z.enum(["system", "project"]),
  namespace: z.string(),
  access: z.array(z.object({ resource: z.string(), action: z.string() })).default([]),
});

// False and empty fields may be left out (quirk 11). What isn't named here is kept for a PUT.
const robotSchema = z.looseObject({
  id: z.int(),
  /** With the prefix: `robot$puller`, `robot$project+ci`. */
  name: z.string(),
  level: z.enum(["system", "project"]),
  description: z.string().default(""),
  duration: z.int(),
  disable: z.boolean().default(false),
  permissions: z
    .array(permission)
    .nullish()
    .transform((found) => found ?? []),
});

export type HarborRobot = z.infer<typeof robotSchema>;

/** What a POST answers, the only time. */
export const madeRobot = z.object({
  id: z.int(),
  name: z.string(),
  secret: z.string(),
  creation_time: z.string(),
});

export async function getRobot(harbor: HarborClient, id: string): Promise<HarborRobot | undefined> {
  return harbor.find(`/robots/${encodeURIComponent(id)}`, robotSchema);
}

/** By the name without prefix; of the system where no project is given. */
export async function findRobot(
  harbor: HarborClient,
  name: string,
  project: string | undefined,
): Promise<HarborRobot | undefined> {
  if (project === undefined) return systemRobot(harbor, name);
  const found = await getProject(harbor, project);
  if (found === undefined) return undefined;
  const query = encodeURIComponent(`Level=project,ProjectID=${found.project_id}`);
  // Page size 0 is all of them (13).
  const robots = await harbor.get(`/robots?q=${query}&page_size=0`, z.array(robotSchema));
  return robots.find((robot) => robot.level === "project" && robot.name.endsWith(`${project}+${name}`));
}

async function systemRobot(harbor: HarborClient, name: string): Promise<HarborRobot | undefined> {
  // The name that is asked for is the bare one (43).
  const query = encodeURIComponent(`name=${name}`);
  const robots = await harbor.get(`/robots?q=${query}`, z.array(robotSchema));
  return robots.find((robot) => robot.level === "system" && robot.name.endsWith(name));
}

/** The name without prefix and project. Only an admin may ask for the prefix: for others it is taken to end in a sign. */
export async function bareName(harbor: HarborClient, { level, name }: HarborRobot): Promise<string> {
  if (level === "project") return name.slice(name.lastIndexOf("+") + 1);
  const prefix = await getConfigurations(harbor).then(
    ({ values }) => String(values["robot_name_prefix"]),
    (error: unknown) => {
      if (!isStatus(error, 401, 403)) throw error;
      return undefined;
    },
  );
  return prefix !== undefined && name.startsWith(prefix)
    ? name.slice(prefix.length)
    : (/[a-z0-9._-]*$/.exec(name)?.[0] ?? name);
}
