/** Objects as @pulumi/kubernetes 4 keeps and compares them: provider/pkg/provider/provider.go of its plugin. */
import { diffProperties } from "../../../provider/property-diff.ts";
import type { DiffResult, PropertyDiff } from "../../../provider/resource.ts";
import { hasUnknown, isList, isUnknown } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import type { Identity } from "./api.ts";

/** Set by the API server alone. */
const READ_ONLY = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];
const AUTONAMED = "pulumi.com/autonamed";

type Step = string | number;

export interface Checkpoint {
  readonly inputs: Properties;
  readonly live: Properties;
  /** Who applies it, at updates. */
  readonly fieldManager: string;
}

/** A state is the live object, with what else has to be known of it in keys of its own. */
export function toState({ inputs, live, fieldManager }: Checkpoint): Properties {
  const initial = inputs["apiVersion"] ?? null;
  return { ...live, __inputs: inputs, __initialApiVersion: initial, __fieldManager: fieldManager };
}

export function fromState(state: Properties): Checkpoint {
  const live = without(state, ["__inputs", "__initialApiVersion", "__fieldManager"]);
  return { inputs: asMap(state["__inputs"]), live, fieldManager: text(state["__fieldManager"]) };
}

/** Where the parts of a checkpoint are secret, whose inputs or state had secrets at `paths`. */
export function secretPaths(type: string, paths: readonly (readonly Step[])[]): readonly (readonly Step[])[] {
  const own = paths.map((path) => {
    const within = path[0] === "__inputs" ? path.slice(1) : path;
    // A list may come back in another order.
    const list = within.findIndex((step) => typeof step === "number");
    return list < 0 ? within : within.slice(0, list);
  });
  const kindOwn = type === "kubernetes:core/v1:Secret" ? [["data"], ["stringData"]] : [];
  return [...own, ...kindOwn].flatMap((path) => [path, ["__inputs", ...path]]);
}

export function identify(object: Properties): Identity {
  const metadata = asMap(object["metadata"]);
  return {
    apiVersion: text(object["apiVersion"]),
    kind: text(object["kind"]),
    namespace: text(metadata["namespace"]),
    name: text(metadata["name"]),
  };
}

/** `namespace/name`, or the name alone where there is no namespace. */
export const idOf = (object: Properties): string => {
  const { namespace, name } = identify(object);
  return namespace === "" ? name : `${namespace}/${name}`;
};

/** One spelling of what means the same; a Secret's `stringData` is in `data`, as the API server will keep it. */
export function normalized(object: Properties): Properties {
  const metadata = object["metadata"];
  const plain = isMap(metadata) ? { ...object, metadata: without(metadata, READ_ONLY) } : object;
  const stringData = plain["stringData"];
  if (identify(plain).kind !== "Secret" || !isMap(stringData) || hasUnknown(plain)) return plain;
  const encoded = Object.entries(stringData).map(([key, value]): [string, Value] => [
    key,
    Buffer.from(text(value)).toString("base64"),
  ]);
  return {
    ...without(plain, ["stringData"]),
    data: { ...asMap(plain["data"]), ...Object.fromEntries(encoded) },
  };
}

/** With a name: the given one, that of the last time, or one that is made up of the resource's. */
export function withName(object: Properties, olds: Properties, makeUp: () => string): Properties {
  const metadata = object["metadata"] ?? {};
  if (!isMap(metadata) || hasUnknown(metadata["name"]) || text(metadata["name"]) !== "") return object;
  const old = asMap(olds["metadata"]);
  const annotations = { ...asMap(metadata["annotations"]), [AUTONAMED]: "true" };
  const kept = asMap(old["annotations"])[AUTONAMED] === "true" ? text(old["name"]) : "";
  return { ...object, metadata: { ...metadata, name: kept === "" ? makeUp() : kept, annotations } };
}

export function withNamespace(object: Properties, namespace: string): Properties {
  const metadata = object["metadata"] ?? {};
  if (!isMap(metadata) || (metadata["namespace"] ?? "") !== "") return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** What `live` has of that which `wanted` has; lists are compared place by place, and no longer than `wanted`'s. */
export function pruned(live: Properties, wanted: Properties): Properties {
  return Object.fromEntries(
    Object.entries(live)
      .filter(([key]) => key in wanted)
      .map(([key, value]) => [key, prunedValue(value, wanted[key] ?? null)]),
  );
}

function prunedValue(live: Value, wanted: Value): Value {
  if (isMap(live) && isMap(wanted)) return pruned(live, wanted);
  if (typeof live !== "object" || live === null || !isList(live)) return live;
  if (typeof wanted !== "object" || wanted === null || !isList(wanted)) return live;
  return live.slice(0, wanted.length).map((item, index) => prunedValue(item, wanted[index] ?? null));
}

/** `replacing` are properties that can't be changed, as paths. */
export function diffObjects(state: Properties, inputs: Properties, replacing: readonly string[]): DiffResult {
  const { inputs: oldInputs, live } = fromState(state);
  const [news, old] = [normalized(inputs), pruned(live, normalized(oldInputs))];
  const renamed = identify(news).name === "" ? old : { ...old, metadata: named(old, identify(live).name) };
  const forced = ["metadata.name", "metadata.namespace", ...replacing];
  const detailed = Object.entries(diffProperties(renamed, news)).map(
    ([path, { kind }]): [string, PropertyDiff] => {
      const inputDiff = kind === "delete";
      const replaces = forced.some(
        (one) => path === one || /^[.[]/.test(path.startsWith(one) ? path.slice(one.length) : ""),
      );
      return [path, { kind: replaces ? (`${kind}-replace` as PropertyDiff["kind"]) : kind, inputDiff }];
    },
  );
  const [is, was] = [identify(news), identify(live)];
  const autonamed = asMap(asMap(news["metadata"])["annotations"])[AUTONAMED] === "true";
  return {
    detailed: Object.fromEntries(detailed),
    // Two of the same name can't be.
    deleteBeforeReplace:
      detailed.some(([, { kind }]) => kind.endsWith("-replace")) &&
      !autonamed &&
      is.name === was.name &&
      is.namespace === was.namespace,
  };
}

const named = (object: Properties, name: string): Properties => ({ ...asMap(object["metadata"]), name });

export const without = (object: Properties, names: readonly string[]): Properties =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");

export const isMap = (value: Value | undefined): value is Properties =>
  typeof value === "object" && value !== null && !isUnknown(value) && !isList(value);

export const asMap = (value: Value | undefined): Properties => (isMap(value) ? value : {});
