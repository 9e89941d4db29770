/** A configuration that is right, as people write it, and ways to make it wrong. */
import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "../../../config/load.ts";
import { SettingsError } from "../../../config/problems.ts";
import type { Settings } from "../../../config/settings.ts";

export const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICu1o40Xf55Q1hZi6BG/oNVpoN0TyE3yrD6LGswi/2aq";

export const rsaKey =
  "ssh-rsa " +
  Buffer.concat(
    [Buffer.from("ssh-rsa"), Buffer.from([1, 0, 1]), Buffer.alloc(257, 7)].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  ).toString("base64");

export type Tree = Record<string, unknown>;

/** A value of its own at each call. */
export function valid(): Tree {
  return {
    hostname: "registry.example.com",
    machine: { address: "10.0.0.10", user: "ops", hostKey },
    registries: ["docker.io"],
    nodes: { user: "ops", pools: [{ name: "workers", nodes: [{ address: "10.0.0.11", hostKey }] }] },
  };
}

/** What a pool of CRI-O's is completed with. */
export const poolDefaults: Tree = {
  runtime: "cri-o",
  sudo: true,
  dropInDir: "/etc/containers/registries.conf.d",
  certsDir: "/etc/containers/certs.d",
  configDir: "/etc/crio",
  authFile: "/etc/crio/config.json",
  configureRuntime: false,
  files: "per-registry",
  mirrors: [],
  unqualifiedSearch: [],
  reloadCommand: "systemctl reload crio",
  restartCommand: "systemctl restart crio",
  checkCommand: "systemctl is-active --quiet crio",
  logCommand: "journalctl -u crio -q -n 500 -o short-precise --no-pager",
  rollout: { canary: 1, wave: "25%", pause: 10, maxFailed: 0, parallel: 10 },
  onConflict: "warning",
  onUnreachable: "fail",
  timeouts: { connect: 10, command: 60, total: 180 },
};

/** What Harbor's settings need where the machine is made on AWS. */
export const harborOnAws: Tree = { installDocker: true, installer: { sha256: "0a".repeat(32) } };

/** As the engine hands it over: texts as they are, everything else as JSON. */
export function rawOf(tree: Tree, project = "harbor-cache"): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [
      `${project}:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

export const allSecret: ReadonlySet<string> = new Set(
  ["tls", "machine", "harbor", "login", "registries", "nodes"].map((key) => `harbor-cache:${key}`),
);

export function settingsOf(tree: Tree, secretKeys: ReadonlySet<string> = new Set()): Settings {
  return parseSettings(rawOf(tree), secretKeys);
}

/** The lines of the error that this configuration is refused with. */
export function errorsOf(tree: Tree, secretKeys: ReadonlySet<string> = new Set()): string[] {
  try {
    settingsOf(tree, secretKeys);
  } catch (error) {
    if (error instanceof SettingsError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

/** Outputs in plain, to compare with. */
export function plain(settings: Settings): Promise<unknown> {
  return new Promise((resolve) => {
    pulumi.output(settings).apply((value) => {
      resolve(value);
    });
  });
}
