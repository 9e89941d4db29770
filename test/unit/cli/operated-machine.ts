/**
 * A machine with Harbor, reached over SSH on loopback, and a stack that knows it. Stand-ins: the programs of the
 * machine, which record their calls, and `pulumi`, which tells the stack's outputs and takes no other arguments.
 */
import { chmodSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import type { Machine } from "../../../lab/machine/ssh-server.ts";
import { startMachine } from "../../../lab/machine/ssh-server.ts";
import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import { run, type Ended } from "../../../tools/run.ts";
import { MachineSandbox } from "../harbor/machine-sandbox.ts";

const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

export const adminPassword = "Admin-Secret-1";
const key = generateKeyPair();
/** A line out of the middle of the private key. */
export const keyLine = key.privateKey.split("\n")[2] ?? key.privateKey;

const services = ["core", "proxy", "traefik"];

const docker = `
for word in "$@"; do
  if [ -e "$root/state/fail-$word" ]; then cat "$root/state/fail-$word" >&2; exit 17; fi
done
case "$*" in
  *stop*) if [ -e "$root/state/interrupt" ]; then
    kill -INT "$(cat "$root/state/command")"
    until [ -e "$root/state/interrupted" ]; do sleep 0.05; done
  fi ;;
  *--services) printf '%s\\n' ${services.join(" ")} ;;
  *'ps --all --format json') cat "$root/state/containers" ;;
esac
`;

const pulumi = `
[ "$*" = "stack output --json --show-secrets --stack berlin --non-interactive --color never" ] || {
  echo "error: no stack named '$*' found" >&2
  exit 255
}
echo "$PPID" >"$root/state/command"
cat "$root/state/outputs"
`;

export class OperatedMachine {
  readonly sandbox = new MachineSandbox();
  readonly hostKey = generateKeyPair();
  #ssh: Machine | undefined;

  async start(): Promise<this> {
    const { sandbox } = this;
    for (const file of [
      "opt/harbor/.harbor-cache",
      "opt/harbor/.prepared",
      "opt/harbor/docker-compose.yml",
    ]) {
      sandbox.write(file, "x");
    }
    for (const file of ["data/.harbor-cache/x", "data/edge/server.crt", "data/edge/server.key"]) {
      sandbox.write(file, "x");
    }
    sandbox.program("docker", docker);
    sandbox.program(
      "df",
      "printf 'Filesystem 1024-blocks Used Available\\n/dev/x 4194304 1048576 3145728\\n'",
    );
    sandbox.program("sudo", '[ "$1" = -n ] && shift && exec "$@"');
    sandbox.program("timeout", 'while [ "${1#-}" != "$1" ]; do shift 2; done; shift; exec "$@"');
    this.certificateEnds("Nov 21 07:00:00 2999 GMT");
    this.containers();
    sandbox.write("elsewhere/pulumi", `#!/bin/sh\nroot='${sandbox.root}'\n${pulumi}`);
    chmodSync(sandbox.path("elsewhere/pulumi"), 0o755);
    this.#ssh = await startMachine({
      directory: sandbox.path("machine"),
      hostKey: this.hostKey.privateKey,
      authorizedKey: key.publicKey,
      programs: sandbox.path("bin"),
      env: { PATH: sandbox.path("bin"), TMPDIR: sandbox.path("tmp") },
    });
    this.outputs();
    return this;
  }

  async stop(): Promise<void> {
    await this.#ssh?.close();
    this.sandbox[Symbol.dispose]();
  }

  certificateEnds(date: string): void {
    this.sandbox.program(
      "openssl",
      `case "$*" in *s_client*) echo PEM ;; *) printf 'notAfter=${date}\\nissuer=CN = Example CA\\n' ;; esac`,
    );
  }

  /** What Docker says of the containers; a service may have another state. */
  containers(states: Readonly<Record<string, object>> = {}): void {
    const lines = services.map((name) =>
      JSON.stringify({
        Service: name,
        State: "running",
        Health: "healthy",
        Image: name === "core" ? "goharbor/harbor-core:v2.15.2" : "x",
        ...states[name],
      }),
    );
    this.sandbox.write("state/containers", `${lines.join("\n")}\n`);
  }

  /** The stack's outputs, with changes to `machine` and beside it. */
  outputs(machine: object = {}, others: object = {}): void {
    const { sandbox } = this;
    const outputs = {
      harborAdminPassword: adminPassword,
      machinePrivateKey: key.privateKey,
      machine: { ...this.way(), ...this.harbor(sandbox), ...machine },
      ...others,
    };
    sandbox.write("state/outputs", JSON.stringify(outputs));
  }

  /** The way to this machine. */
  way() {
    const port = this.#ssh?.port;
    return { address: "127.0.0.1", port, user: userInfo().username, hostKey: this.hostKey.publicKey };
  }

  get privateKey(): string {
    return key.privateKey;
  }

  /** Runs the command line as a process of its own, whose `pulumi` is the stand-in. */
  command(...args: string[]): Promise<Ended> {
    return run(process.execPath, [main, ...args], {
      // The machine goes on only when the command has seen the signal.
      onOutput: (text) => {
        if (text.startsWith("interrupted:")) this.sandbox.write("state/interrupted", "");
      },
      env: {
        ...process.env,
        PATH: [this.sandbox.path("elsewhere"), process.env["PATH"]].join(delimiter),
        SSH_AUTH_SOCK: "",
      },
      timeout: 60,
    });
  }

  private harbor(sandbox: MachineSandbox) {
    return {
      sudo: true,
      installDir: sandbox.path("opt/harbor"),
      dataDir: sandbox.path("data"),
      hostname: "registry.example.com",
      url: "https://registry.example.com",
      listenAddress: "0.0.0.0",
      listenPort: 443,
      tls: "self-signed",
      timeouts: { step: 60, health: 30 },
    };
  }
}
