/**
 * Runs machines of the lab as SSH servers on loopback:
 *
 *     main.ts --directory DIR --authorized-key 'ssh-ed25519 AAAA…' NAME...
 *
 * Each machine's own directory is DIR/NAME. One line of JSON on stdout says, by name, port and host key.
 */
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { generateKeyPair } from "./ssh-keys.ts";
import { startMachine } from "./ssh-server.ts";

const { values, positionals } = parseArgs({
  options: { directory: { type: "string" }, "authorized-key": { type: "string" } },
  allowPositionals: true,
});
const { directory, "authorized-key": authorizedKey } = values;
if (directory === undefined || authorizedKey === undefined) {
  throw new Error("--directory and --authorized-key are needed");
}
const folder = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const programs = folder("bin");
// What is in last-bin counts only where this computer has no such program.
const PATH = [programs, process.env["PATH"] ?? "", folder("last-bin")].join(delimiter);
const machines = await Promise.all(
  positionals.map(async (name) => {
    const hostKey = generateKeyPair();
    const machine = await startMachine({
      directory: join(directory, name),
      hostKey: hostKey.privateKey,
      authorizedKey,
      programs,
      env: { PATH },
    });
    return { name, machine, hostKey: hostKey.publicKey };
  }),
);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void Promise.all(machines.map(({ machine }) => machine.close())).then(() => process.exit(0));
  });
}
const endpoints = machines.map(({ name, machine, hostKey }) => [name, { port: machine.port, hostKey }]);
console.log(JSON.stringify(Object.fromEntries(endpoints)));
