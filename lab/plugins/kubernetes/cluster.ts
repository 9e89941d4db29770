/** What the plugin does with one object of the cluster that it is configured for. */
import { setTimeout as pause } from "node:timers/promises";

import { hasUnknown } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { ApiError } from "./api.ts";
import type { Api, Identity } from "./api.ts";
import { CREATOR, takenOver, wouldTakeOver } from "./field-managers.ts";
import { asMap, identify, normalized } from "./objects.ts";

/** A custom resource may come right after its definition. The real plugin begins with a second. */
const RETRIES = 5;
const FIRST_PAUSE_MS = 200;
const CONFLICTS =
  "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources";

export interface Wanted {
  readonly object: Properties;
  readonly fieldManager: string;
  readonly preview: boolean;
  /** Take fields from whoever has them. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** Unknown values, or a kind that isn't there yet: a preview can't ask the API server. */
export const canAsk = (api: Api, object: Properties): boolean => {
  const { apiVersion, kind } = identify(object);
  return !hasUnknown(object) && api.place(apiVersion, kind) !== undefined;
};

/** The object as the API server has it. One that exists is an error, or is changed where `upsert` says so. */
export async function createObject(
  api: Api,
  wanted: Wanted & { readonly upsert: boolean },
): Promise<Properties> {
  const { signal, preview } = wanted;
  for (let retry = 0; ; retry++) {
    try {
      const made = wanted.upsert
        ? await applyObject(api, { ...wanted, force: wanted.force || preview })
        : await api.request({
            method: "POST",
            path: api.path({ ...identify(wanted.object), name: "" }),
            query: { fieldManager: CREATOR, ...asked(preview) },
            body: wanted.object,
            signal,
          });
      return preview ? made : await readObject(api, identify(made), signal).catch(() => made);
    } catch (error) {
      if (preview || retry === RETRIES || !isNotFound(error)) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** retry, undefined, { signal });
      await api.discover(signal);
    }
  }
}

/** By server-side apply, after taking over what this program, or kubectl, has written otherwise. */
export async function updateObject(api: Api, wanted: Wanted): Promise<Properties> {
  const { object, fieldManager, preview, signal } = wanted;
  const identity = identify(object);
  const live = await readObject(api, identity, signal);
  const managedFields = preview ? undefined : takenOver(live, fieldManager);
  if (managedFields !== undefined)
    await api.request({
      method: "PATCH",
      path: api.path(identity),
      contentType: "application/json-patch+json",
      body: [
        { op: "replace", path: "/metadata/managedFields", value: managedFields },
        { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion(live) },
      ],
      signal,
    });
  const force = wanted.force || (preview && wouldTakeOver(live));
  const changed = await applyObject(api, { ...wanted, object: normalized(object), force });
  return preview ? changed : readObject(api, identity, signal).catch(() => changed);
}

export const readObject = (api: Api, identity: Identity, signal: AbortSignal): Promise<Properties> =>
  api.request({ method: "GET", path: api.path(identity), signal });

/** Waits until it is gone, `goneSeconds` at most. What is gone already, or of a kind that is, is no error. */
export async function deleteObject(
  api: Api,
  identity: Identity,
  goneSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const query = {
      fieldSelector: `metadata.name=${identity.name}`,
      timeoutSeconds: String(goneSeconds),
    };
    // The API server ends the watch.
    const quietMs = (goneSeconds + 30) * 1000;
    const watched = { path: api.path({ ...identity, name: "" }), query, quietMs, signal };
    await api.untilDeleted(watched, async () => {
      // The real one deletes what it owns first. These own nothing, and here may be no garbage collector to end that.
      const body = { propagationPolicy: "Background" };
      await api.request({ method: "DELETE", path: api.path(identity), body, signal });
    });
    const { apiVersion, kind, name } = identity;
    await readObject(api, identity, signal);
    throw new Error(`Timed out waiting for deletion of ${apiVersion}/${kind} "${name}"`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

async function applyObject(api: Api, { object, fieldManager, force, preview, signal }: Wanted) {
  const path = api.path(identify(object));
  const query = { fieldManager, force: String(force), ...asked(preview) };
  const contentType = "application/apply-patch+yaml";
  try {
    return await api.request({ method: "PATCH", path, query, contentType, body: object, signal });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "Conflict") throw error;
    const message =
      `Server-Side Apply field conflict detected. See ${CONFLICTS} for troubleshooting help.\n` +
      `The resource managed by field manager "${fieldManager}" had an apply conflict: ${error.message}`;
    throw new ApiError(error.status, error.reason, message);
  }
}

/** The real plugin lets a field through that the kind doesn't have, and the API server drops it. */
const asked = (preview: boolean): Record<string, string> => ({
  fieldValidation: "Strict",
  ...(preview ? { dryRun: "All" } : {}),
});

const resourceVersion = (live: Properties): Value => asMap(live["metadata"])["resourceVersion"] ?? null;
