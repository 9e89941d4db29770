/** What a program may ask Harbor without making anything. */
import { z } from "zod";
import { parseArguments } from "../inputs.ts";
import type { FunctionModule } from "../resource.ts";
import { getProject as readProject } from "./project-api.ts";
import { findRegistry } from "./registry-api.ts";
import { systemInfo } from "./system-info.ts";
import { withoutUndefined } from "./without-undefined.ts";

export const getSystemInfo: FunctionModule = {
  token: "harborcache:harbor:getSystemInfo",
  call: async (ctx) => ({ ...(await systemInfo(ctx.harbor())) }),
};

const statistics = z.object({
  total_project_count: z.int().default(0),
  total_repo_count: z.int().default(0),
  total_storage_consumption: z.int().default(0),
});

export const getStatistics: FunctionModule = {
  token: "harborcache:harbor:getStatistics",
  async call(ctx) {
    const found = await ctx.harbor().get("/statistics", statistics);
    return {
      projects: found.total_project_count,
      repositories: found.total_repo_count,
      storageBytes: found.total_storage_consumption,
    };
  },
};

const byName = { name: z.string().min(1, "must not be empty") };

export const getProject: FunctionModule = {
  token: "harborcache:harbor:getProject",
  async call(ctx, args) {
    const { name } = parseArguments("getProject", byName, args);
    const found = await readProject(ctx.harbor(), name);
    if (found === undefined) throw new Error(`Harbor has no project ${name}.`);
    return withoutUndefined({
      name: found.name,
      projectId: found.project_id,
      public: found.metadata["public"] === "true",
      registryId: found.registry_id,
      metadata: found.metadata,
    });
  },
};

export const getRegistry: FunctionModule = {
  token: "harborcache:harbor:getRegistry",
  async call(ctx, args) {
    const { name } = parseArguments("getRegistry", byName, args);
    const found = await findRegistry(ctx.harbor(), name);
    if (found === undefined) throw new Error(`Harbor has no registry endpoint ${name}.`);
    return {
      registryId: found.id,
      name: found.name,
      providerName: found.type,
      endpointUrl: found.url,
      status: found.status,
    };
  },
};
