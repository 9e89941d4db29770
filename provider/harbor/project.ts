/** `harborcache:harbor:Project`: a project in Harbor, a proxy cache where it has a registry. Its id is its name. */
import { diffProperties } from "../property-diff.ts";
import { PartialFailure, type ReadResult, type ResourceContext, type ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import { UNKNOWN, type Properties } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { isStatus } from "./harbor-error.ts";
import { requireVersion } from "./harbor-version.ts";
import { explainInternalError } from "./health.ts";
import {
  deleteRepositories,
  getProject,
  getProjectByNumber,
  getQuota,
  projectPath,
  type HarborProject,
} from "./project-api.ts";
import {
  checkProject,
  featuresOf,
  isSettable,
  parseProjectInputs,
  projectShape,
  type ProjectInputs,
} from "./project-inputs.ts";
import { getRegistry } from "./registry-api.ts";
import { rememberTaken, wasTaken } from "../taken-over.ts";
import { withoutUndefined } from "./without-undefined.ts";

const TYPE = "harborcache:harbor:Project";

export const project: ResourceModule = {
  type: TYPE,
  secretOutputs: [],
  schema: describeShape(projectShape, ["projectId"], []),

  check: (_olds, news) => checkProject(news),

  diff: (_id, oldInputs, _oldState, newInputs) => ({
    // A PUT ignores both (quirk 26).
    detailed: diffProperties(oldInputs, newInputs, ["name", "registryId"]),
    // Always: a rename that failed halfway and is taken back would find the old project again, take it over, and then
    // delete it as the one that was replaced.
    deleteBeforeReplace: true,
  }),

  async create(ctx, urn, inputs, preview) {
    const id = typeof inputs["name"] === "string" ? inputs["name"] : "";
    if (preview) return { id, state: { ...inputs, projectId: UNKNOWN } };
    const harbor = ctx.harbor();
    const wanted = parseProjectInputs(inputs);
    await requireVersion(harbor, featuresOf(wanted));
    const result = await harbor
      .create("/projects", createBody(wanted), () => getProject(harbor, wanted.name))
      .catch((error: unknown) => explain(harbor, wanted, error));
    if ("existing" in result) await adopt(ctx, urn, wanted, result.existing);
    rememberTaken(ctx, TYPE, id);
    return { id, state: await bringTo(harbor, wanted, inputs, {}, {}) };
  },

  async read(ctx, _urn, id, oldInputs, oldState) {
    const harbor = ctx.harbor();
    const imported = Object.keys(oldState).length === 0;
    const byName = await getProject(harbor, id);
    const found =
      byName ?? (imported && /^\d+$/.test(id) ? await getProjectByNumber(harbor, Number(id)) : undefined);
    // Another project of the same name is not ours: ours is gone.
    return found && (imported || isSame(found, oldState)) ? toRead(harbor, found, oldInputs) : undefined;
  },

  async update(ctx, _urn, _id, oldInputs, oldState, newInputs, preview) {
    if (preview) return { ...newInputs, projectId: oldState["projectId"] ?? UNKNOWN };
    const wanted = parseProjectInputs(newInputs);
    await requireVersion(ctx.harbor(), featuresOf(wanted));
    return bringTo(ctx.harbor(), wanted, newInputs, metadataOf(oldInputs), oldState);
  },

  async delete(ctx, urn, id, oldInputs, oldState) {
    const harbor = ctx.harbor();
    const path = projectPath(id);
    const found = await getProject(harbor, id);
    if (found === undefined || wasTaken(ctx, TYPE, id)) return;
    if (!isSame(found, oldState)) {
      await ctx.log(
        "warning",
        `Harbor's project ${id} is another one than this stack made: left there.`,
        urn,
      );
      return;
    }
    if (oldInputs["forceDestroy"] === true) {
      await deleteRepositories(harbor, id, (left) =>
        ctx.log("info", `deleting ${left} cached repositories`, urn, true),
      );
    }
    try {
      await harbor.delete(path, true);
    } catch (error) {
      if (!isStatus(error, 412)) throw error;
      throw new Error(
        `The project ${id} still holds images, so Harbor keeps it. Delete its repositories in Harbor first, or, where you ` +
          `make the Project yourself, set forceDestroy: true and run pulumi up before; to keep the project in Harbor, set retainOnDelete. ${error.message}`,
        { cause: error },
      );
    }
  },
};

/** A number is never given twice, so that another number is another project. */
function isSame(found: HarborProject, state: Properties): boolean {
  return state["projectId"] === undefined || found.project_id === state["projectId"];
}

/**
 * A project of our name may be taken over when it caches the same registry and is as public or private as wanted: left by a
 * create whose answer was lost, or by a former stack. What else differs is brought to what is wanted, and told.
 */
async function adopt(
  ctx: ResourceContext,
  urn: string,
  wanted: ProjectInputs,
  found: HarborProject,
): Promise<void> {
  const differences = [
    ...(found.registry_id === wanted.registryId
      ? []
      : [`registryId is ${found.registry_id ?? "absent"}, wanted is ${wanted.registryId ?? "none"}`]),
    ...(isPublic(found) === wanted.public ? [] : [`public is ${String(isPublic(found))}`]),
  ];
  if (differences.length > 0) {
    throw new Error(
      `Harbor already has a project named ${wanted.name}, which is another one: ${differences.join(" and ")}. It was left as it ` +
        `is. Choose another name, delete it in Harbor, or take it over by pulumi import harborcache:harbor:Project NAME ${wanted.name}.`,
    );
  }
  await ctx.log(
    "warning",
    `Harbor already had the project ${wanted.name}: taken over with its cached images.`,
    urn,
  );
}

/**
 * Makes an existing project what is wanted, and reads it back. `owned` is metadata that we set before and that goes where
 * it isn't wanted any more. The result is the state.
 */
async function bringTo(
  harbor: HarborClient,
  wanted: ProjectInputs,
  inputs: Properties,
  owned: Properties,
  oldState: Properties,
): Promise<Properties> {
  const path = projectPath(wanted.name);
  const before = await getProject(harbor, wanted.name);
  if (before === undefined) {
    throw new Error(
      `Harbor has no project ${wanted.name} any more. Run pulumi refresh, then up makes it again.`,
    );
  }
  if (!isSame(before, oldState)) {
    throw new Error(
      `Harbor's project ${wanted.name} is another one than this stack made (number ${before.project_id}); it was left as ` +
        "it is. Run pulumi refresh, then up says what can be done.",
    );
  }
  const state: Properties = { ...inputs, projectId: before.project_id };
  // What could not be taken back yet stays ours, so that the next update does it.
  const unfinished = { ...inputs, metadata: { ...owned, ...wanted.metadata } };
  const fail = (reason: string): never => {
    throw new PartialFailure(wanted.name, state, [reason], unfinished);
  };
  try {
    const metadata = toMetadata(wanted);
    if (!includes(before.metadata, metadata)) {
      await harbor.put(path, { metadata }, true);
      // Harbor ignores silently what it doesn't know.
      const after = await getProject(harbor, wanted.name);
      const ignored = Object.keys(metadata).filter((key) => after?.metadata[key] !== metadata[key]);
      if (ignored.length > 0)
        fail(`Harbor accepted the change of ${wanted.name} but did not take over: ${ignored.join(", ")}.`);
    }
    const dropped = Object.keys(owned).filter((key) => !(key in metadata) && key in before.metadata);
    for (const key of dropped) await harbor.delete(`${path}/metadatas/${key}`, true);
    const quota = await getQuota(harbor, before.project_id);
    if (quota === undefined && wanted.storageQuota !== -1) {
      fail("storageQuota has no effect: quotas are switched off in this Harbor (quota_per_project_enable).");
    }
    if (quota !== undefined && quota.hard.storage !== wanted.storageQuota) {
      await harbor.put(`/quotas/${quota.id}`, { hard: { storage: wanted.storageQuota } });
    }
  } catch (error) {
    if (error instanceof PartialFailure) throw error;
    fail(error instanceof Error ? error.message : String(error));
  }
  return state;
}

function createBody(wanted: ProjectInputs): unknown {
  return {
    project_name: wanted.name,
    registry_id: wanted.registryId,
    metadata: toMetadata(wanted),
    storage_limit: wanted.storageQuota,
  };
}

function toMetadata(wanted: ProjectInputs): Record<string, string> {
  return { ...wanted.metadata, public: String(wanted.public) };
}

function includes(all: Record<string, string>, some: Record<string, string>): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}

function isPublic(found: HarborProject): boolean {
  return found.metadata["public"] === "true";
}

function metadataOf(inputs: Properties): Properties {
  const { metadata } = inputs;
  return typeof metadata === "object" && metadata !== null ? (metadata as Properties) : {};
}

async function toRead(
  harbor: HarborClient,
  found: HarborProject,
  oldInputs: Properties,
): Promise<ReadResult> {
  const imported = Object.keys(oldInputs).length === 0;
  const owned = metadataOf(oldInputs);
  const quota = await getQuota(harbor, found.project_id);
  // Metadata that others set is theirs; after an import all of it becomes ours.
  const metadata = Object.fromEntries(
    Object.entries(found.metadata).filter(([key]) => (imported ? isSettable(key) : key in owned)),
  );
  const inputs = withoutUndefined({
    name: found.name,
    registryId: found.registry_id,
    public: isPublic(found),
    storageQuota: quota?.hard.storage ?? -1,
    metadata: Object.keys(metadata).length > 0 || "metadata" in oldInputs ? metadata : undefined,
    forceDestroy: oldInputs["forceDestroy"] ?? false,
  });
  return { id: found.name, inputs, state: { ...inputs, projectId: found.project_id } };
}

/** Harbor answers a bare 500 where the registry is unknown, or its jobservice down (quirks 29 and 31): finds out which. */
async function explain(harbor: HarborClient, wanted: ProjectInputs, error: unknown): Promise<never> {
  if (!isStatus(error, 500)) throw error;
  const { registryId } = wanted;
  if (registryId !== undefined && (await getRegistry(harbor, registryId)) === undefined) {
    throw new Error(
      `The project ${wanted.name} can't be made: Harbor has no registry ${registryId}. ${error.message}`,
      { cause: error },
    );
  }
  return explainInternalError(harbor, `The project ${wanted.name} can't be made`, error);
}
