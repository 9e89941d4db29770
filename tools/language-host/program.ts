import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";

import language from "@pulumi/pulumi/proto/language_pb.js";

import { QUICK_START } from "./node-arguments.ts";

/** The program has already told the user why it failed (see `@pulumi/pulumi/cmd/run`). */
const ALREADY_REPORTED = 32;

/** Runs the program once for the engine and answers how it ended. */
export async function runProgram(
  request: language.RunRequest,
  engineAddress: string,
): Promise<language.RunResponse> {
  const info = request.getInfo();
  const root = info?.getProgramDirectory() ?? request.getPwd();
  const entryPoint = info?.getEntryPoint() ?? request.getProgram();
  const child = spawn(
    process.execPath,
    [
      ...QUICK_START,
      createRequire(join(root, "index.js")).resolve("@pulumi/pulumi/cmd/run/index.js"),
      ...flag("monitor", request.getMonitorAddress()),
      ...flag("engine", engineAddress),
      ...flag("organization", request.getOrganization()),
      ...flag("project", request.getProject()),
      ...flag("stack", request.getStack()),
      ...flag("root-directory", info?.getRootDirectory() ?? ""),
      ...flag("pwd", request.getPwd()),
      ...(request.getParallel() > 0 ? flag("parallel", String(request.getParallel())) : []),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      entryPoint,
      ...request.getArgsList(),
    ],
    {
      cwd: request.getPwd(),
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
    },
  );
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  const response = new language.RunResponse();
  if (code === ALREADY_REPORTED) response.setBail(true);
  else if (code !== 0) response.setError(`the program ended with ${signal ?? `exit code ${String(code)}`}`);
  return response;
}

const flag = (name: string, value: string) => (value === "" ? [] : [`--${name}`, value]);
