/** Where each runtime keeps what a pool writes, and how it is told to read it again. */
import type { PoolSettings, Runtime } from "./settings.ts";

type Defaults = Pick<
  PoolSettings,
  | "dropInDir"
  | "certsDir"
  | "configDir"
  | "authFile"
  | "reloadCommand"
  | "restartCommand"
  | "checkCommand"
  | "logCommand"
> & { readonly parallel: number };

/** Compared by its last line before and after a reload. */
const journal = (units: string): string => `journalctl -u ${units} -q -n 500 -o short-precise --no-pager`;

/** One of both units runs on a node: the server or the agent. */
const rancher = (name: string, units: string): Defaults => ({
  dropInDir: `/etc/rancher/${name}`,
  certsDir: `/etc/rancher/${name}/certs.d`,
  configDir: `/etc/rancher/${name}`,
  authFile: "",
  // registries.yaml is read at the start only.
  reloadCommand: "",
  restartCommand: `systemctl try-restart '${units}'`,
  checkCommand: `systemctl is-active --quiet '${units}'`,
  logCommand: journal(`'${units}'`),
  // A server's restart stops the control plane there for a while.
  parallel: 1,
});

export const runtimeDefaults: Readonly<Record<Runtime, Defaults>> = {
  "cri-o": {
    dropInDir: "/etc/containers/registries.conf.d",
    certsDir: "/etc/containers/certs.d",
    configDir: "/etc/crio",
    // Kubespray's, for its crio_registry_auth.
    authFile: "/etc/crio/config.json",
    reloadCommand: "systemctl reload crio",
    restartCommand: "systemctl restart crio",
    checkCommand: "systemctl is-active --quiet crio",
    logCommand: journal("crio"),
    parallel: 10,
  },
  podman: {
    dropInDir: "/etc/containers/registries.conf.d",
    certsDir: "/etc/containers/certs.d",
    configDir: "/etc/containers",
    authFile: "/root/.config/containers/auth.json",
    // Each run reads its files.
    reloadCommand: "",
    restartCommand: "",
    checkCommand: "",
    logCommand: "",
    parallel: 10,
  },
  containerd: {
    dropInDir: "/etc/containerd/certs.d",
    certsDir: "/etc/containerd/certs.d",
    configDir: "/etc/containerd",
    authFile: "",
    // hosts.toml is read at each pull.
    reloadCommand: "",
    restartCommand: "systemctl restart containerd",
    checkCommand: "systemctl is-active --quiet containerd",
    logCommand: journal("containerd"),
    parallel: 10,
  },
  k3s: rancher("k3s", "k3s*.service"),
  rke2: rancher("rke2", "rke2*.service"),
};
