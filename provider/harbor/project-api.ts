/** Harbor's endpoints of a project: `/projects`, its repositories, and its quota. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";

const projectSchema = z.object({
  project_id: z.int(),
  name: z.string(),
  /** Absent on an ordinary project. */
  registry_id: z.int().optional(),
  metadata: z.record(z.string(), z.string()).default({}),
});

const quotaSchema = z.object({
  id: z.int(),
  ref: z.object({ id: z.int() }),
  hard: z.object({ storage: z.int() }),
});

export type HarborProject = z.infer<typeof projectSchema>;
export type HarborQuota = z.infer<typeof quotaSchema>;

/** Path of a project by its name, to be sent with the header that says so. */
export function projectPath(name: string): string {
  return `/projects/${encodeURIComponent(name)}`;
}

export async function getProject(harbor: HarborClient, name: string): Promise<HarborProject | undefined> {
  return harbor.find(projectPath(name), projectSchema, true);
}

/** For what lies in a project: Harbor takes some of it for projects that don't exist (quirk 47). */
export async function requireProject(harbor: HarborClient, name: string): Promise<HarborProject> {
  const found = await getProject(harbor, name);
  if (found !== undefined) return found;
  throw new Error(
    `Harbor has no project ${name}. Make it first, and name it as the Project resource's output.`,
  );
}

export async function getProjectByNumber(
  harbor: HarborClient,
  id: number,
): Promise<HarborProject | undefined> {
  return harbor.find(`/projects/${id}`, projectSchema);
}

/** Undefined where Harbor's quotas are switched off (quirk 34). */
export async function getQuota(harbor: HarborClient, projectId: number): Promise<HarborQuota | undefined> {
  const rows = await harbor.get(`/quotas?reference=project&reference_id=${projectId}`, z.array(quotaSchema));
  return rows.find(({ ref }) => ref.id === projectId);
}

/** Deletes every repository of a project; again for those that came meanwhile, a few times. */
export async function deleteRepositories(
  harbor: HarborClient,
  project: string,
  progress: (left: number) => Promise<void>,
): Promise<void> {
  const names = z.array(z.object({ name: z.string() }));
  for (let round = 0; round < 100; round++) {
    const repositories = await harbor.get(`${projectPath(project)}/repositories?page_size=100`, names);
    if (repositories.length === 0) return;
    await progress(repositories.length);
    const paths = repositories
      .filter(({ name }) => name.startsWith(`${project}/`))
      // Twice, so that a proxy in front does not make a path of the slashes in the name (quirk 15).
      .map(({ name }) => encodeURIComponent(encodeURIComponent(name.slice(project.length + 1))));
    await Promise.all(paths.map((path) => harbor.delete(`${projectPath(project)}/repositories/${path}`)));
  }
}
