/** The pool that every way rolls out: six registries and a CA, fifty nodes at a time. */
import type * as pulumi from "@pulumi/pulumi";

import type { NodesArgs } from "../components/nodes/nodes.ts";
import { examplePool } from "../test/unit/nodes/example-pool.ts";
import { registry } from "../test/unit/nodes/example-registry.ts";

/** Nodes at the same time. */
export const PARALLEL = 50;
/** Records itself, and costs next to nothing. */
export const RELOAD = "echo reloaded >>reloads";
/** Where a command runs: the node's own folder. */
export const NODE_FOLDER = "/proc/self/cwd";

const REGISTRIES = [
  "docker.io",
  "quay.io",
  "ghcr.io",
  "gcr.io",
  "registry.k8s.io",
  "registry.example.com:5000",
];
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${`${"MIIB".repeat(16)}\n`.repeat(18)}-----END CERTIFICATE-----\n`;

/** Nodes and how to log in there, but for the key. */
export interface PoolNodes {
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
}

/** @param revision another one changes every file */
export function benchPool(
  { nodes, port, user, hostKey }: PoolNodes,
  privateKey: pulumi.Output<string>,
  revision: string,
): NodesArgs {
  return {
    pools: [
      examplePool({
        name: "bench",
        nodes: nodes.map(({ name, address }) => ({ name, address, port, user, hostKey, privateKey })),
        dropInDir: `${NODE_FOLDER}/registries.conf.d`,
        certsDir: `${NODE_FOLDER}/certs.d`,
        reloadCommand: RELOAD,
        restartCommand: RELOAD,
        checkCommand: "",
        logCommand: "",
        rollout: { canary: 0, wave: "100%", pause: 0, maxFailed: 0, parallel: PARALLEL },
      }),
    ],
    registries: REGISTRIES.map((name) => registry(name, { project: `proxy-${revision}.${name}` })),
    harbor: { scheme: "https", registry: "harbor.example.com" },
    caCertificate: `${CERTIFICATE}# ${revision}\n`,
    after: [],
  };
}
