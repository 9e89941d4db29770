/** Harbor's registry endpoints: `/registries`. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";

// False, zero and empty fields are left out of answers (quirk 11).
const registrySchema = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  url: z.string(),
  description: z.string().default(""),
  insecure: z.boolean().default(false),
  /** Since Harbor 2.15. */
  ca_certificate: z.string().default(""),
  status: z.string().default(""),
  credential: z.object({ access_key: z.string().default("") }).default({ access_key: "" }),
});

export type HarborRegistry = z.infer<typeof registrySchema>;

export async function getRegistry(harbor: HarborClient, id: number): Promise<HarborRegistry | undefined> {
  return harbor.find(`/registries/${id}`, registrySchema);
}

export async function findRegistry(harbor: HarborClient, name: string): Promise<HarborRegistry | undefined> {
  // Names may hold any character, those of the q= language among them; page size 0 is all of them (13).
  const all = await harbor.get("/registries?page_size=0", z.array(registrySchema));
  return all.find((registry) => registry.name === name);
}

/** Names of the proxy-cache projects that stand on a registry, the first ten. */
export async function projectsOf(harbor: HarborClient, registryId: number): Promise<string[]> {
  const query = encodeURIComponent(`registry_id=${registryId}`);
  const projects = await harbor.get(
    `/projects?q=${query}`,
    z.array(z.object({ name: z.string(), registry_id: z.int().optional() })),
  );
  // A q= key that Harbor doesn't know would bring every project (12).
  return projects.filter((project) => project.registry_id === registryId).map(({ name }) => name);
}
