import * as pulumi from "@pulumi/pulumi";

import { Nodes } from "../../../components/nodes/nodes.ts";
import type { NodeSettings, RegistrySettings } from "../../../config/settings.ts";
import { examplePool } from "../../unit/nodes/example-pool.ts";

const config = new pulumi.Config();
const privateKey = config.requireSecret("privateKey");
const nodes = config.requireObject<Omit<NodeSettings, "privateKey">[]>("nodes");
const registries = config.requireObject<RegistrySettings[]>("registries");
const workers = examplePool({
  nodes: nodes.map((node) => ({ ...node, privateKey })),
  dropInDir: "/node/registries.conf.d",
  certsDir: "/node/certs.d",
  reloadCommand: "reload",
  checkCommand: "",
  logCommand: "",
  rollout: { canary: 1, wave: 1, pause: 0, maxFailed: 0, parallel: 1 },
  timeouts: { connect: 5, command: 10, total: 30 },
});

new Nodes("nodes", {
  pools: [workers],
  registries,
  harbor: { scheme: "http", registry: "harbor:8080" },
  after: [],
});
