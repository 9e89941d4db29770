/**
 * `host-keys` as a process, against SSH servers of the lab on loopback, which are set up for the tests of the file that
 * imports this. Stand-in: `pulumi`, which tells the stack's configuration with its secrets.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import ssh2 from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { stringify } from "yaml";
import { freePort } from "../../../lab/free-port.ts";
import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import type { KeyPair } from "../../../lab/machine/ssh-keys.ts";
import { startMachine } from "../../../lab/machine/ssh-server.ts";
import type { Machine } from "../../../lab/machine/ssh-server.ts";
import { fingerprint, parseHostKey } from "../../../provider/nodes/host-key.ts";
import { run } from "../../../tools/run.ts";

const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const login = generateKeyPair();
export const keys = {
  one: generateKeyPair(),
  two: ecdsa(),
  jump: generateKeyPair(),
  other: generateKeyPair(),
};
export const address = "127.0.0.1";
const servers: Machine[] = [];
export let ports: Record<"one" | "two" | "jump" | "dead", number>;
let serversFolder: string;
export let folder: string;
export let output: string;

function ecdsa(): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  return { privateKey: pair.private, publicKey: pair.public.trim().split(" ").slice(0, 2).join(" ") };
}

beforeAll(async () => {
  serversFolder = mkdtempSync(join(tmpdir(), "host-keys-"));
  const start = async (name: "one" | "two" | "jump") => {
    const server = await startMachine({
      directory: join(serversFolder, name),
      hostKey: keys[name].privateKey,
      authorizedKey: login.publicKey,
      user: "ops",
      programs: serversFolder,
      // Behind the jump host is another network: 10.9.9.9 is there only, and another machine has the place of `two`.
      route: (host, port) =>
        host === "10.9.9.9" || port === ports.two ? { host: address, port: ports.one } : { host, port },
    });
    servers.push(server);
    return server.port;
  };
  ports = {
    one: await start("one"),
    two: await start("two"),
    jump: await start("jump"),
    dead: await freePort(),
  };
});
afterAll(async () => {
  for (const server of servers) await server.close();
  rmSync(serversFolder, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "host-keys-"));
  output = join(folder, "known_hosts");
  mkdirSync(join(folder, "bin"));
  writeFileSync(
    join(folder, "bin/pulumi"),
    `#!/bin/sh
[ "$*" = "config --json --show-secrets --stack berlin --config-file ${folder}/stack.yaml --non-interactive --color never" ] || {
  echo "error: not asked for: $*" >&2
  exit 255
}
cat '${folder}/configuration'
`,
  );
  chmodSync(join(folder, "bin/pulumi"), 0o755);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

export async function hostKeys(...args: string[]) {
  const ended = await run(process.execPath, [main, "host-keys", ...args], {
    env: {
      ...process.env,
      PATH: [join(folder, "bin"), process.env["PATH"]].join(delimiter),
      SSH_AUTH_SOCK: "",
    },
    timeout: 60,
  });
  expect(ended.stdout + ended.stderr).not.toContain("PRIVATE KEY");
  return ended;
}

/** The arguments for a stack with these nodes. */
export function stack(nodes: object, privateKey = login.privateKey): string[] {
  const file = join(folder, "stack.yaml");
  writeFileSync(file, stringify({ config: { "harbor-cache:nodes": nodes } }));
  const objectValue: unknown = JSON.parse(JSON.stringify(nodes), (_key, value: unknown) =>
    typeof value === "object" && value !== null && "secure" in value ? privateKey : value,
  );
  const configuration = { "harbor-cache:nodes": { objectValue, secret: true } };
  writeFileSync(join(folder, "configuration"), JSON.stringify(configuration));
  return ["--stack", "berlin", "--config-file", file];
}

export const line = (name: string, port: number, key: string, host = address) =>
  `# ${name}\n[${host}]:${port} ${key}\n`;
export const print = (key: KeyPair) => fingerprint(parseHostKey(key.publicKey).blob);
export const node = (name: "one" | "two" | "dead", more: object = {}) => ({
  name,
  address,
  port: ports[name],
  ...more,
});
export const pools = (...nodes: object[]) => ({ user: "ops", pools: [{ name: "workers", nodes }] });
