import type { RegistrySettings } from "../../../config/settings.ts";

/** A registry as the settings complete its bare name. */
export function registry(name: string, changes: Partial<RegistrySettings> = {}): RegistrySettings {
  return {
    name,
    endpoint: `https://${name}`,
    type: "docker-registry",
    project: `proxy.${name}`,
    public: true,
    quotaBytes: -1,
    cache: {},
    insecure: false,
    aliases: [],
    fallback: true,
    pullFromMirror: "all",
    mirrors: [],
    ...changes,
  };
}
