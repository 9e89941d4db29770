/** `Pulumi.lab.yaml` with the ports, host keys and folders of the moment. */
import { parseDocument } from "yaml";

import type { Installer } from "./installer.ts";

export interface Endpoint {
  readonly port: number;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
}

export interface LabAddresses {
  readonly user: string;
  readonly machine: Endpoint & {
    readonly installDir: string;
    readonly dataDir: string;
    readonly httpPort: number;
  };
  readonly installer: Installer;
  /** `127.0.0.1:PORT` */
  readonly upstream: string;
  /** One per pool of the file, in its order. */
  readonly nodes: readonly (Endpoint & { readonly dropInDir: string; readonly certsDir: string })[];
}

/** Everything but the private keys, which go in as secrets by the engine itself. */
export function fillConfiguration(example: string, lab: LabAddresses): string {
  const document = parseDocument(example);
  const set = (path: string, value: string | number): void => {
    const [setting = "", ...rest] = path.split(".");
    const keys = rest.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    document.setIn(["config", `harbor-cache:${setting}`, ...keys], value);
  };
  const { machine, installer, upstream, nodes, user } = lab;
  set("machine.port", machine.port);
  set("machine.user", user);
  set("machine.hostKey", machine.hostKey);
  set("harbor.installer.url", installer.url);
  set("harbor.installer.sha256", installer.sha256);
  set("harbor.installDir", machine.installDir);
  set("harbor.dataDir", machine.dataDir);
  set("harbor.httpPort", machine.httpPort);
  set("registries.0.name", upstream);
  set("registries.0.endpoint", `http://${upstream}`);
  set("nodes.user", user);
  for (const [index, node] of nodes.entries()) {
    set(`nodes.pools.${index}.dropInDir`, node.dropInDir);
    set(`nodes.pools.${index}.certsDir`, node.certsDir);
    set(`nodes.pools.${index}.nodes.0.port`, node.port);
    set(`nodes.pools.${index}.nodes.0.hostKey`, node.hostKey);
  }
  return document.toString({ lineWidth: 0 });
}
