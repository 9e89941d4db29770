import { readFileSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";

import { Nodes } from "../../components/nodes/nodes.ts";
import { benchPool } from "../pool.ts";
import type { PoolNodes } from "../pool.ts";

const config = new pulumi.Config();
// From a file, as an inventory is: all of a stack's configuration has to fit into one environment variable.
const fleet = JSON.parse(readFileSync(config.require("fleet"), "utf8")) as PoolNodes;

new Nodes("nodes", benchPool(fleet, config.requireSecret("privateKey"), config.require("revision")));
