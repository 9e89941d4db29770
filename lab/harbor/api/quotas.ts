/** `/quotas`: the storage limits of projects. */
import { z } from "zod";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { Quota } from "../store.ts";
import { NEVER } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { listReply } from "./list.ts";

const PEBIBYTE = 1024 ** 5;
const update = z.object({ hard: z.record(z.string(), int64).nullish() });

/** Harbor's rule for a limit: -1 is unlimited, else positive and at most 1024 TB. Returns what is wrong. */
export function limitProblem(limit: number): string | undefined {
  if (limit !== -1 && limit <= 0) return `invalid non-positive value for quota limit, value=${limit}`;
  return limit > PEBIBYTE ? `exceeded 1024TB, which is ${PEBIBYTE} Bytes, value=${limit}` : undefined;
}

/** The quota of a project as its summary shows it. */
export function quotaOf(app: App, projectId: number): object | undefined {
  const quota = app.store.state.quotas.find((one) => one.projectId === projectId);
  return quota && { hard: { storage: quota.limit }, used: { storage: used(app, projectId) } };
}

function used(app: App, projectId: number): number {
  const project = app.store.state.projects.find(({ id }) => id === projectId);
  return Object.values(project?.blobs ?? {}).reduce((total, size) => total + size, 0);
}

export function quotaRoutes(app: App): Route[] {
  const { store } = app;
  const show = (quota: Quota): object => ({
    creation_time: quota.created,
    hard: { storage: quota.limit },
    id: quota.id,
    ref: {
      id: quota.projectId,
      name: store.state.projects.find(({ id }) => id === quota.projectId)?.name ?? "",
      owner_name: "",
    },
    update_time: quota.updated,
    used: { storage: used(app, quota.projectId) },
  });
  const find = (call: Call): Quota => {
    const id = idParam(call);
    const quota = store.state.quotas.find((one) => one.id === id);
    if (quota === undefined) throw new HarborError(404, `quota ${id} not found`);
    return quota;
  };
  return [
    {
      method: "GET",
      path: "/quotas",
      handle: (call) => {
        systemAccess(call, "quota:list");
        const reference = call.query.get("reference") ?? "project";
        const referenceId = call.query.get("reference_id");
        const quotas = store.state.quotas.filter(
          ({ projectId }) => reference === "project" && [null, String(projectId)].includes(referenceId),
        );
        const columns = {
          id: (quota: Quota) => quota.id,
          reference: () => "project",
          reference_id: (quota: Quota) => quota.projectId,
          creation_time: (quota: Quota) => quota.created,
          "hard.storage": (quota: Quota) => quota.limit,
        };
        return listReply(call, quotas, columns, "-creation_time", show);
      },
    },
    {
      method: "GET",
      path: "/quotas/{id}",
      handle: (call) => {
        systemAccess(call, "quota:read");
        return { status: 200, json: { ...show(find(call)), update_time: NEVER } };
      },
    },
    {
      method: "PUT",
      path: "/quotas/{id}",
      handle: (call) => {
        const { hard } = bodyOf(call, update, "hard", { "": "QuotaUpdateReq" });
        systemAccess(call, "quota:update");
        const quota = find(call);
        const entries = Object.entries(hard ?? {});
        if (entries.length === 0) throw new HarborError(400, "hard required in body");
        for (const [resource, limit] of entries) {
          if (resource !== "storage") throw new HarborError(400, `resource ${resource} not support`);
          const problem = limitProblem(limit);
          if (problem !== undefined) throw new HarborError(400, problem);
          quota.limit = limit;
        }
        quota.updated = app.now();
        return { status: 200 };
      },
    },
  ];
}
