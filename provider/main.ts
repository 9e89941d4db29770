/** The provider's process, as the engine starts it: prints the port that it serves on. */
import { flushCompileCache } from "node:module";

import * as grpc from "@grpc/grpc-js";
import { functions, resources } from "./resources.ts";
import { listen, ProviderServer } from "./server.ts";

/** A pool of many nodes with their files is one message. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** What is in flight at the end of the engine may take this long, milliseconds. */
const GRACE = 30_000;

const provider = new ProviderServer(resources, functions);
const server = new grpc.Server({
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
});

// The engine holds our stdin open while it lives: no provider stays behind when it is killed.
process.stdin.resume().once("end", () => {
  provider.cancel();
  setTimeout(() => process.exit(0), GRACE).unref();
  server.tryShutdown(() => process.exit(0));
});

console.log((await listen(server, provider)).toString());
// Where NODE_COMPILE_CACHE is set. At its end this process is killed, and would write nothing.
flushCompileCache();
