/** Runs the upstream registry of the lab: `main.ts --data-dir DIR [--port N]`. One line on stdout says that it listens. */
import { parseArgs } from "node:util";

import { startUpstream } from "./server.ts";

const { values } = parseArgs({
  options: { "data-dir": { type: "string" }, port: { type: "string", default: "0" } },
});
const { "data-dir": dataDir, port } = values;
if (dataDir === undefined) throw new Error("--data-dir is needed");
const upstream = await startUpstream({ dataDir, port: Number(port) });
console.log(`upstream listening ${upstream.url}`);
