/** A provider that can be killed: brings up a pool whose inputs it reads from stdin as JSON. */
import { text } from "node:stream/consumers";

import type { Properties } from "../../../provider/values.ts";
import { Pool } from "./pool.ts";

console.log(await new Pool().up(JSON.parse(await text(process.stdin)) as Properties));
