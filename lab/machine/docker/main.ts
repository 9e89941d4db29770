/**
 * Stand-in for the programs `docker` and `docker compose` on a machine of the lab, whose directory is LAB_MACHINE.
 * It takes files and arguments as seriously as the real ones, and runs the Harbor stand-in for Harbor's containers.
 */
import { parseArgs } from "node:util";

import { DockerError } from "./docker-error.ts";
import { DOCKER_VERSION } from "./docker-version.ts";
import { PREPARE } from "./images.ts";

async function docker(args: readonly string[]): Promise<void> {
  const machine = process.env["LAB_MACHINE"];
  if (machine === undefined)
    throw new DockerError("stand-in: LAB_MACHINE is not set: it runs on machines of the lab only");
  const [command, ...rest] = args;
  // A step runs a dozen of these: each loads only what it needs.
  if (command === "compose") await (await import("./compose.ts")).compose(machine, rest);
  else if (command === "run") await run(rest);
  else if (command === "system" && rest.join(" ") === "dial-stdio")
    await (await import("./api/engine-api.ts")).dialStdio(machine);
  else if (command === "--version") console.log(`Docker version ${DOCKER_VERSION}, stand-in`);
  else if (command === "version") version(rest);
  else throw unknown(args);
}

function version(args: readonly string[]): void {
  const [option, format = "", ...more] = args;
  if (option !== "--format" || more.length > 0) throw unknown(["version", ...args]);
  console.log(format.replaceAll(/\{\{\s*\.(Server|Client)\.Version\s*\}\}/g, DOCKER_VERSION));
}

async function run(args: readonly string[]): Promise<void> {
  const options = {
    rm: { type: "boolean" },
    privileged: { type: "boolean" },
    volume: { type: "string", short: "v", multiple: true },
  } as const;
  // Everything behind the image is the container's own.
  const { values, positionals } = parse(
    () => parseArgs({ args: [...args], options, allowPositionals: true }),
    args,
  );
  const [image = "", ...command] = positionals;
  const [, release] = PREPARE.exec(image) ?? [];
  if (release === undefined) {
    throw new DockerError(
      `Unable to find image '${image}' locally\ndocker: Error response from daemon: manifest unknown (stand-in)`,
      125,
    );
  }
  const mounts = (values.volume ?? []).map((text): [string, string] => {
    const [source = "", target = ""] = text.split(":");
    if (!source.startsWith("/") || !target.startsWith("/")) {
      throw new DockerError(
        `docker: Error response from daemon: invalid volume specification: '${text}'`,
        125,
      );
    }
    return [target.replace(/(.)\/$/, "$1"), source];
  });
  (await import("./prepare.ts")).prepare(release, new Map(mounts), command);
}

function parse<T>(read: () => T, args: readonly string[]): T {
  try {
    return read();
  } catch {
    throw unknown(["run", ...args]);
  }
}

const unknown = (args: readonly string[]) =>
  new DockerError(`stand-in: unknown docker arguments: ${args.join(" ")}`, 125);

try {
  await docker(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof DockerError ? error.exitCode : 1;
}
