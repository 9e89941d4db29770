import { runtimeDefaults } from "../../../config/runtime-defaults.ts";
import type { PoolSettings } from "../../../config/settings.ts";

/** A pool as the settings complete it for its runtime, of one node and without waiting between waves, with `changes`. */
export function examplePool(changes: Partial<PoolSettings> = {}): PoolSettings {
  const { parallel, ...places } = runtimeDefaults[changes.runtime ?? "cri-o"];
  return {
    name: "workers",
    runtime: "cri-o",
    nodes: [{ name: "workers-1", address: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" }],
    sudo: false,
    ...places,
    files: "per-registry",
    mirrors: [],
    unqualifiedSearch: [],
    configureRuntime: false,
    rollout: { canary: 1, wave: "25%", pause: 0, maxFailed: 0, parallel },
    onConflict: "warning",
    onUnreachable: "fail",
    timeouts: { connect: 10, command: 60, total: 180 },
    ...changes,
  };
}
