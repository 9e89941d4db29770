import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";

import type { ServerWritableStream } from "@grpc/grpc-js";
import language from "@pulumi/pulumi/proto/language_pb.js";

import { QUICK_START } from "./node-arguments.ts";

export type RunPluginCall = ServerWritableStream<language.RunPluginRequest, language.RunPluginResponse>;

/**
 * Runs a policy pack until the engine hangs up. As the official host does it: from the pack's folder, with that folder
 * as the last argument. Our provider is no such plugin: it brings its own program.
 */
export function runPolicyPack(call: RunPluginCall): void {
  const { request } = call;
  const pack = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const child = spawn(
    process.execPath,
    [
      ...QUICK_START,
      createRequire(join(pack, "index.js")).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js"),
      ...request.getArgsList(),
      pack,
    ],
    { cwd: pack, stdio: ["ignore", "pipe", "pipe"], env: environment(request.getEnvList()) },
  );
  child.stdout.on("data", (piece: Buffer) => {
    call.write(new language.RunPluginResponse().setStdout(piece));
  });
  child.stderr.on("data", (piece: Buffer) => {
    call.write(new language.RunPluginResponse().setStderr(piece));
  });
  child.once("close", (code) => {
    call.write(new language.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  // A pack serves for as long as the engine wants it.
  call.once("cancelled", () => child.kill());
  process.once("exit", () => child.kill());
}

const environment = (variables: readonly string[]) =>
  Object.fromEntries(
    variables.map((variable) => {
      const end = variable.indexOf("=");
      return [variable.slice(0, end), variable.slice(end + 1)];
    }),
  );
