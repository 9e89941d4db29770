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
  /** Of the upstream: what each node pulls to prove that it asks the cache. */
  readonly image: string;
  /** Those of the file's one pool, in its order. */
  readonly nodes: readonly Endpoint[];
}

/** Everything but the private keys, which go in as secrets by the engine itself. */
export function fillConfiguration(example: string, lab: LabAddresses): string {
  const document = parseDocument(example);
  const set = (path: string, value: string | number): void => {
    const [setting = "", ...rest] = path.split(".");
    const keys = rest.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    document.setIn(["config", `harbor-cache:${setting}`, ...keys], value);
  };
  const { machine, installer, upstream, image, nodes, user } = lab;
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
  set("nodes.verifyPull.image", image);
  for (const [index, { port, hostKey }] of nodes.entries()) {
    set(`nodes.pools.0.nodes.${index}.port`, port);
    set(`nodes.pools.0.nodes.${index}.hostKey`, hostKey);
  }
  return document.toString({ lineWidth: 0 });
}
