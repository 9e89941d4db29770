import { posix } from "node:path";
import type { PoolSettings } from "../../config/settings.ts";

/** Files of others that can keep images from the mirrors, as shell patterns; `~` is the home of who runs the runtime. */
export function othersOf(pool: PoolSettings, hasLogin: boolean): string[] {
  const { runtime, dropInDir, configDir } = pool;
  switch (runtime) {
    case "cri-o":
    case "podman":
      return [
        `${dropInDir}/*.conf`,
        `${posix.dirname(dropInDir)}/registries.conf`,
        "~/.config/containers/registries.conf",
        "~/.config/containers/registries.conf.d/*.conf",
        ...(runtime === "cri-o" && hasLogin
          ? [`${configDir}/crio.conf`, `${configDir}/crio.conf.d/*.conf`]
          : []),
      ];
    case "containerd":
      return [`${configDir}/config.toml`, `${configDir}/conf.d/*.toml`, `${dropInDir}/*/hosts.toml`];
    case "k3s":
    case "rke2":
      return [
        `${dropInDir}/registries.yaml`,
        `/var/lib/rancher/${runtime}/agent/etc/containerd/config*.toml.tmpl`,
      ];
  }
}
