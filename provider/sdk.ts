/**
 * The program's side of the provider `harborcache`: one class per resource, as a Pulumi program uses them.
 * What they do lies in `provider/harbor` and `provider/nodes`, in the provider's own process.
 */
export * from "./sdk/cache.ts";
export * from "./sdk/functions.ts";
export * from "./sdk/host.ts";
export * from "./sdk/login.ts";
export * from "./sdk/maintenance.ts";
export * from "./sdk/nodes.ts";
export * from "./sdk/project-rules.ts";
export * from "./sdk/provider.ts";
export * from "./sdk/replication.ts";
