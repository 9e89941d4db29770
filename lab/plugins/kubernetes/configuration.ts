/** The provider's configuration: what the program doesn't set, the plugin takes from its environment. */
import { z } from "zod";

import type { CheckFailure, DiffResult } from "../../../provider/resource.ts";
import { hasUnknown, isUnknown } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import { findCluster } from "./kubeconfig.ts";
import { identify } from "./objects.ts";

/** Anything but texts comes as JSON. */
const flag = (variable: string, otherwise: boolean) =>
  z
    .string()
    .optional()
    .transform((value) => {
      const given = value ?? process.env[variable];
      return given === undefined ? otherwise : given === "true";
    });

const configurationSchema = z.object({
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
  cluster: z.string().optional(),
  namespace: z.string().optional(),
  enableServerSideApply: flag("PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", true),
  enablePatchForce: flag("PULUMI_K8S_ENABLE_PATCH_FORCE", false),
  enableSecretMutable: flag("PULUMI_K8S_ENABLE_SECRET_MUTABLE", false),
  enableConfigMapMutable: flag("PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", false),
  upsertExistingObjects: flag("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", false),
  deleteUnreachable: flag("PULUMI_K8S_DELETE_UNREACHABLE", false),
  skipUpdateUnreachable: flag("PULUMI_K8S_SKIP_UPDATE_UNREACHABLE", false),
  kubeClientSettings: z
    .string()
    .default("{}")
    .transform((json) => z.object({ timeout: z.number().default(32) }).parse(JSON.parse(json))),
});

export type Configuration = z.infer<typeof configurationSchema>;

/** One that was checked. What isn't known at a preview counts as absent. */
export function readConfiguration(configuration: Properties): Configuration {
  const known = Object.entries(configuration).filter(([, value]) => !isUnknown(value) && value !== "");
  return configurationSchema.parse(Object.fromEntries(known));
}

/** What the real plugin can do and this one can't. */
export function unsupported(configuration: Properties): CheckFailure[] {
  const asked = [
    ...(readConfiguration(configuration).enableServerSideApply ? [] : ["enableServerSideApply"]),
    ...["renderYamlToDirectory", "alwaysRender", "helmReleaseSettings"].filter(
      (name) => (configuration[name] ?? "null") !== "null",
    ),
  ];
  return asked.map((property) => ({
    property,
    reason: "The stand-in for the plugin kubernetes can't do this.",
  }));
}

/** Another cluster has none of the objects; anything else is only another way to the same. */
export function diffConfig(olds: Properties, news: Properties): DiffResult {
  const keys = ["kubeconfig", "context", "cluster", "namespace"];
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]) || hasUnknown(news[key]),
  );
  const [was, is] = [olds, news].map((one) => {
    const { kubeconfig, ...overrides } = readConfiguration(one);
    return kubeconfig === undefined ? undefined : findCluster(kubeconfig, overrides);
  });
  const unsure = keys.slice(0, 3).some((key) => hasUnknown(news[key]));
  const other = was !== undefined && is !== undefined && JSON.stringify(was) !== JSON.stringify(is);
  const detailed = changed.map((key) => {
    const replaces = (unsure || other) && keys.slice(0, 3).includes(key);
    return [key, { kind: replaces ? "update-replace" : "update" }] as const;
  });
  return { detailed: Object.fromEntries(detailed) };
}

/** Properties whose change replaces an object, besides its name and namespace. */
export function unchangeable(configuration: Configuration, inputs: Properties): readonly string[] {
  const { apiVersion, kind } = identify(inputs);
  const frozen = inputs["immutable"] === true;
  if (apiVersion !== "v1") return [];
  if (kind === "Secret" && (frozen || !configuration.enableSecretMutable))
    return ["type", "stringData", "data"];
  if (kind === "ConfigMap" && (frozen || !configuration.enableConfigMapMutable))
    return ["binaryData", "data"];
  return [];
}
