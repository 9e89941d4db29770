/** Which resources there are, and what is wrong with the inputs of one. */
import { randomBytes } from "node:crypto";

import type { CheckResult } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import type { PublishedTypes } from "../published-types/published-types.ts";
import { asMap, normalized, withName, withNamespace } from "./objects.ts";

const OWN = /^kubernetes:core\/v1:(Secret|ConfigMap|Namespace)$/;
/** Kubernetes' own groups are in the package; Helm's are no kinds at all. */
const CUSTOM = /^kubernetes:(?!helm\.sh\/)[a-z0-9-]+(\.[a-z0-9-]+)+(?<!\.k8s\.io)\/v\w+:\w+$/;

/** Those of the package, by their types there. */
export const isOwn = (type: string): boolean => OWN.test(type);

export const isKnown = (type: string): boolean => isOwn(type) || CUSTOM.test(type);

/** Group, version and kind are in the type. */
export function partsOf(type: string): { readonly module: string; readonly kind: string } {
  const [, module = "", kind = ""] = /^kubernetes:(.*):(\w+)$/.exec(type) ?? [];
  return { module, kind };
}

export interface Around {
  readonly olds: Properties;
  /** The resource's in the program. */
  readonly name: string;
  readonly namespace: (object: Properties) => string;
}

export function checkObject(
  types: PublishedTypes,
  type: string,
  news: Properties,
  around: Around,
): CheckResult {
  const given = normalized(Object.fromEntries(Object.entries(news).filter(([, value]) => value !== null)));
  const { module, kind } = partsOf(type);
  const { apiVersion, metadata } = given;
  const failures = isOwn(type)
    ? types.resource(`kubernetes:${module}/${lowerFirst(kind)}:${kind}`)(given)
    : types.resource("kubernetes:apiextensions/customResource:CustomResource")({
        ...{ apiVersion: apiVersion ?? null, kind: given["kind"] ?? null, metadata: metadata ?? null },
      });
  if ("generateName" in asMap(metadata)) {
    const reason = "the `.metadata.generateName` field is not supported in Server-Side Apply mode";
    failures.push({ property: "metadata.generateName", reason });
  }
  const named = withName(given, around.olds, () => `${around.name}-${randomBytes(4).toString("hex")}`);
  const namespace = around.namespace(named);
  return { inputs: namespace === "" ? named : withNamespace(named, namespace), failures };
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
