/** The cluster's nodes, in pools. A setting given once for all is overridden by its pool, and that by its node. */
import { hostKey } from "./host-key.ts";
import { user } from "./machine.ts";
import { address, sshPort } from "./network.ts";
import { absolutePath } from "./quantity.ts";
import { privateKey } from "./secret.ts";
import { inventory, knownHosts, overridden } from "./inventory.ts";
import { nodeFiles } from "./node-files.ts";
import { onConflict, onUnreachable, rollout, verifyPull } from "./rollout.ts";
import { choice, flag, integer, list, mapping, text } from "./value.ts";
import * as z from "zod";

/** How nodes are reached; may stand at every level. */
const access = {
  user: user.exactOptional(),
  port: sshPort.exactOptional(),
  privateKey: privateKey.exactOptional(),
  jump: mapping("{ address: bastion.example.com, user: ops, hostKey: ssh-ed25519 AAAA… }", {
    address,
    port: sshPort.default(22),
    user,
    privateKey: privateKey.exactOptional(),
    hostKey,
  })
    .exactOptional()
    .describe("A host to go through, itself reached directly."),
};

const pinned = hostKey
  .exactOptional()
  .describe("The machine's public host key, as in known_hosts without the host. Default: knownHosts tells.");

const notOverSsh = (what: string) =>
  `has no files to be edited over SSH: leave the pool out, and make render WHAT=${what} prints what it takes`;

const command = (example: string) =>
  text(example, (value) =>
    value.trim() === "" || /\p{Cc}/u.test(value) ? "must be one line and not empty" : undefined,
  );

const seconds = (example: number) => integer(1, 3600, String(example)).exactOptional();

/** How nodes are configured; may stand at every level but the single node's. */
const settings = {
  knownHosts,
  ...nodeFiles,
  runtime: choice(["cri-o", "podman", "containerd", "k3s", "rke2"], {
    docker:
      "can't use this cache: dockerd mirrors Docker Hub only, and only at a host's root, where Harbor's projects are not; use cri-o",
    talos: notOverSsh("talos"),
    openshift: notOverSsh("openshift"),
  })
    .exactOptional()
    .describe("The nodes' container runtime: cri-o (default), podman, containerd, k3s or rke2."),
  sudo: flag().exactOptional().describe("Run by `sudo -n`. Default: true unless all log in as root."),
  dropInDir: absolutePath
    .exactOptional()
    .describe(
      "Folder of the mirror files. Default: /etc/containers/registries.conf.d, /etc/containerd/certs.d, " +
        "/etc/rancher/k3s or /etc/rancher/rke2.",
    ),
  certsDir: absolutePath
    .exactOptional()
    .describe(
      "Folder of registries' CAs. Default: /etc/containers/certs.d, /etc/containerd/certs.d, or certs.d in " +
        "/etc/rancher/k3s or /etc/rancher/rke2.",
    ),
  reloadCommand: command("systemctl reload crio")
    .exactOptional()
    .describe(
      "Makes the runtime read the files again. Default: systemctl reload crio; podman and containerd need none.",
    ),
  restartCommand: command("systemctl restart crio")
    .exactOptional()
    .describe("Restarts the runtime, for what it reads at its start only. Default: the runtime's own unit."),
  checkCommand: command("systemctl is-active --quiet crio")
    .exactOptional()
    .describe("Must succeed after the reload. Default: the runtime's unit is active."),
  logCommand: command("journalctl -u crio -q -n 500 -o short-precise --no-pager")
    .exactOptional()
    .describe(
      "Prints the end of the runtime's log, in which no error about our files may be new. Default: by journalctl.",
    ),
  rollout,
  verifyPull,
  onConflict,
  onUnreachable,
  timeouts: mapping("{ connect: 10, command: 60, total: 180 }", {
    connect: seconds(10).describe("TCP and SSH handshake, default 10."),
    command: seconds(60).describe("One command, default 60."),
    total: seconds(180).describe("One node in all, default 180."),
  })
    .exactOptional()
    .describe("Seconds."),
};

export const nodeName = text("node-1", (value) =>
  /^[a-z0-9][a-z0-9._:-]{0,252}$/i.test(value) ? undefined : "must be letters, digits and . _ - :",
);

export const node = mapping("{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }", {
  name: nodeName.exactOptional().describe("Unique over all pools. Default: the address."),
  address,
  hostKey: pinned,
  ...access,
});

/** What a node is given that an inventory found. */
export const override = mapping("{ port: 2222 }", { ...access, ...overridden, hostKey: pinned });

const example = "[{ name: workers, nodes: [{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }] }]";

export const pool = mapping(
  "{ name: workers, nodes: [{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }] }",
  {
    name: text("workers", (value) =>
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value)
        ? undefined
        : "must be lower-case letters, digits and -",
    ).describe("Unique name of the pool."),
    ...access,
    ...settings,
    /** Each is read for itself, so that one wrong node doesn't hide what is wrong with others. */
    nodes: list("[{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }]", z.unknown())
      .refine((nodes) => nodes.length > 0, { error: "must have a node, or leave the pool out" })
      .exactOptional()
      .describe("The pool's nodes, or some of them."),
    inventory: inventory.exactOptional().describe("Where nodes come from that aren't listed. Default: none."),
    overrides: z
      .record(nodeName, override, {
        error: "must be a mapping by node; for example: { worker-3: { port: 2222 } }",
      })
      .exactOptional()
      .describe("What single nodes of the inventory have otherwise, by name."),
  },
).superRefine((given, context) => {
  if (given.nodes !== undefined || given.inventory !== undefined) return;
  context.addIssue({
    code: "custom",
    path: ["nodes"],
    message:
      "is missing, and so is inventory; for example: [{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }]",
  });
});

export const nodes = mapping(`{ user: ops, pools: ${example} }`, {
  ...access,
  ...settings,
  pools: list(example, z.unknown())
    .default([])
    .describe("Nodes that are configured alike and rolled out together."),
});
