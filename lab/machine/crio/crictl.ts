/**
 * Stand-in for `crictl` on a node of the lab, whose directory is LAB_MACHINE: `pull`, `rmi` and `inspecti` of one image.
 * It pulls by the registries that the stand-in for CRI-O read at its last reload, whatever the files say by now.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { pullImage } from "../../client/pull.ts";
import { journal } from "./journal.ts";
import { keepImages, keptImages, keptRegistries } from "./running.ts";

const machine = process.env["LAB_MACHINE"] ?? "";
const [command = "", image = "", ...further] = process.argv.slice(2);

/** As crictl ends where it is no terminal that reads it. */
function fatal(message: string): void {
  const time = new Date().toISOString();
  console.error(`time=${JSON.stringify(time)} level=fatal msg=${JSON.stringify(message)}`);
  process.exitCode = 1;
}

async function pull(): Promise<void> {
  try {
    const configuration = {
      registries: keptRegistries(machine),
      containers: join(machine, "etc/containers"),
    };
    const pulled = await pullImage(configuration, image, (repository) => {
      journal(machine, "info", `Trying to access ${JSON.stringify(repository)}`);
    });
    keepImages(machine, { ...keptImages(machine), [image]: pulled });
    console.log(`Image is up to date for ${image.replace(/[:@][^/]*$/, "")}@${pulled.digest}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    fatal(`pulling image: rpc error: code = Unknown desc = ${why}`);
  }
}

function remove(): void {
  const { [image]: found, ...others } = keptImages(machine);
  if (found === undefined) {
    fatal(`no such image ${image}`);
    return;
  }
  keepImages(machine, others);
  console.log(`Deleted: ${image}`);
}

function inspect(): void {
  const found = keptImages(machine)[image];
  if (found === undefined) {
    fatal(`no such image ${JSON.stringify(image)} present`);
    return;
  }
  const status = { id: found.digest, repoTags: [image], repoDigests: [], size: String(found.size) };
  console.log(JSON.stringify({ status }, null, 2));
}

const commands: Readonly<Record<string, () => void | Promise<void>>> = {
  pull,
  rmi: remove,
  inspecti: inspect,
};
const run = commands[command];
if (machine === "") {
  console.error("stand-in: LAB_MACHINE is not set: it runs on machines of the lab only");
  process.exitCode = 1;
} else if (run === undefined || further.length > 0 || !/^[\w.-]+(:\d+)?(\/[\w.-]+)+[:@]\S+$/.test(image)) {
  console.error(`stand-in: unknown crictl arguments: ${process.argv.slice(2).join(" ")}`);
  process.exitCode = 1;
} else if (existsSync(join(machine, "run/crio-failed"))) {
  fatal("validate service connection: dial unix /var/run/crio/crio.sock: connect: no such file or directory");
} else {
  await run();
}
