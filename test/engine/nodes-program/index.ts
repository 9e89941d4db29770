import * as pulumi from "@pulumi/pulumi";

import { Nodes } from "../../../components/nodes/nodes.ts";
import type { NodeSettings, PoolSettings, RegistrySettings } from "../../../config/settings.ts";

const config = new pulumi.Config();
const privateKey = config.requireSecret("privateKey");
const nodes = config.requireObject<Omit<NodeSettings, "privateKey">[]>("nodes");
const registries = config.requireObject<RegistrySettings[]>("registries");
const workers: PoolSettings = {
  name: "workers",
  runtime: "cri-o",
  nodes: nodes.map((node) => ({ ...node, privateKey })),
  sudo: false,
  dropInDir: "/node/registries.conf.d",
  certsDir: "/node/certs.d",
  reloadCommand: "reload",
  checkCommand: "",
  parallel: 1,
  timeouts: { connect: 5, command: 10, total: 30 },
};

new Nodes("nodes", {
  pools: [workers],
  registries,
  harbor: { scheme: "http", registry: "harbor:8080" },
  after: [],
});
