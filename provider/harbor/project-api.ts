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

const health = z.object({
  components: z.array(z.object({ name: z.string(), status: z.string() })).default([]),
});

/** Components of Harbor that are down. Its answer is 200 all the same (quirk 17). */
export async function unhealthyComponents(harbor: HarborClient): Promise<string[]> {
  const { components } = await harbor.get("/health", health);
  return components.filter(({ status }) => status !== "healthy").map(({ name }) => name);
}
