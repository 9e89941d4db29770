import type { NodeSettings, SshAccess } from "../../config/settings.ts";
import type { MirrorPoolArgs, PoolNode, SshTarget } from "../../provider/sdk.ts";
import type { HostAccess } from "../host/host.ts";

const SHARED = ["user", "port", "privateKey", "jump"] as const;

/**
 * What all nodes have in common is said once: the engine encrypts a private key anew wherever it stands, and a thousand
 * times the same one would be most of the state.
 */
export function poolAccess(
  nodes: readonly NodeSettings[],
): Pick<MirrorPoolArgs, "access"> & { nodes: PoolNode[] } {
  const [first] = nodes;
  if (first === undefined) return { nodes: [] };
  const shared = new Set<string>(SHARED.filter((key) => nodes.every((node) => node[key] === first[key])));
  const split = (node: NodeSettings, common: boolean) =>
    Object.fromEntries(Object.entries(sshTarget(node)).filter(([key]) => shared.has(key) === common));
  return {
    access: split(first, true),
    nodes: nodes.map((node) => ({
      name: node.name,
      address: node.address,
      hostKey: node.hostKey,
      ...split(node, false),
    })),
  };
}

export function sshTarget(access: SshAccess | HostAccess): SshTarget {
  return {
    address: access.address,
    port: access.port,
    user: access.user,
    hostKey: access.hostKey,
    ...(access.privateKey === undefined ? {} : { privateKey: access.privateKey }),
    ...(access.jump === undefined ? {} : { jump: sshTarget(access.jump) }),
  };
}
