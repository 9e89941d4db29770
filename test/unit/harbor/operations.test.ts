/** Start, stop and status as a machine's shell runs them, against stand-ins that record how they are called. */
import { spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MachineOutput } from "../../../components/harbor/machine-schema.ts";
import {
  startOperation,
  statusOperation,
  stopOperation,
} from "../../../components/harbor/operation-scripts.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
  for (const file of ["opt/harbor/.harbor-cache", "opt/harbor/.prepared", "opt/harbor/docker-compose.yml"]) {
    machine.write(file, "x");
  }
  for (const file of [
    "data/.harbor-cache/x",
    "data/database/x",
    "data/edge/server.crt",
    "data/edge/server.key",
  ]) {
    machine.write(file, "x");
  }
  machine.program("df", "printf 'Filesystem 1024-blocks Used Available\\n/dev/x 4194304 1048576 3145728\\n'");
});
afterEach(() => {
  machine[Symbol.dispose]();
});

function output(changes: Partial<MachineOutput> = {}): MachineOutput {
  return {
    address: "10.0.0.5",
    port: 22,
    user: "ops",
    hostKey: "ssh-ed25519 AAAA",
    sudo: true,
    installDir: machine.path("opt/harbor"),
    dataDir: machine.path("data"),
    hostname: "registry.example.com",
    url: "https://registry.example.com",
    listenAddress: "0.0.0.0",
    listenPort: 443,
    tls: "self-signed",
    timeouts: { step: 60, health: 30 },
    ...changes,
  };
}

const start = (changes: Partial<MachineOutput> = {}, restart = false) =>
  machine.run(startOperation(output(changes), undefined, { restart }).script);
const composeCalls = () => machine.calls().filter((call) => call.startsWith("docker compose"));

const config = "docker compose config --quiet";
const up = "docker compose up --detach --no-recreate --quiet-pull";
const stopped = "docker compose stop --timeout 60";

describe("start", () => {
  it("starts what is stopped, makes nothing anew, and waits until clients get a healthy answer", async () => {
    expect(await start()).toEqual({ code: 0, stdout: "Harbor runs and is healthy\n", stderr: "" });
    const calls = machine.calls();
    expect(calls.filter((call) => call.startsWith("docker"))).toEqual([config, up]);
    expect(calls.at(-1)).toMatch(
      /^curl .*--connect-to ::127\.0\.0\.1:443 https:\/\/registry\.example\.com:443\/api\/v2\.0\/health$/,
    );
    expect(machine.list("tmp")).toEqual([".keep"]);
  });

  it("gives curl the CA that clients trust", async () => {
    machine.program(
      "curl",
      `for word in "$@"; do [ "$before" != --cacert ] || cat "$word" >"$root/trusted"; before=$word; done
cat "$root/state/health"`,
    );
    await machine.run(startOperation(output(), "PEM of it's CA").script);
    expect(machine.read("trusted")).toBe("PEM of it's CA\n");
  });

  it("restart stops before it starts", async () => {
    expect(await start({}, true)).toMatchObject({ code: 0, stderr: "" });
    expect(composeCalls()).toEqual([config, stopped, up]);
  });

  it("ends with an error and what is unhealthy where Harbor doesn't come up", async () => {
    machine.write(
      "state/health",
      '{"status":"unhealthy","components":[{"name":"redis","status":"unhealthy"}]}',
    );
    const { code, stderr } = await start({ timeouts: { step: 60, health: 1 } });
    expect(code).toBe(1);
    expect(stderr).toContain("Harbor is not healthy after 1 seconds");
    expect(stderr).toContain("unhealthy: redis");
    expect(machine.list("tmp")).toEqual([".keep"]);
  });

  it.each([
    "network harbor-cache-edge-1 declared as external, but could not be found",
    'external volume "harbor-cache-certs-1" not found',
  ])("says that Pulumi makes what is missing: %s", async (words) => {
    machine.write("state/fail-up", `${words}\n`);
    const { code, stderr } = await start();
    expect(code).toBe(1);
    expect(stderr).toContain(
      "is missing on the machine: run pulumi up --refresh, then\nmake start. Docker says:",
    );
    expect(stderr).toContain(words);
  });

  it("makes containers anew where only their network's number has changed", async () => {
    machine.program(
      "docker",
      `case "$*" in *--no-recreate*) echo 'Error response from daemon: network ${"8b3a".repeat(16)} not found' >&2; exit 1 ;; esac`,
    );
    expect(await start()).toEqual({ code: 0, stdout: "Harbor runs and is healthy\n", stderr: "" });
    expect(composeCalls()).toEqual([config, up, up.replace("--no-recreate", "--force-recreate")]);
  });

  it("shows Docker's words where it fails otherwise", async () => {
    machine.write("state/fail-up", "Bind for 0.0.0.0:443 failed: port is already allocated\n");
    const { code, stderr } = await start();
    expect([code, stderr]).toEqual([1, expect.stringContaining("port is already allocated")]);
    expect(stderr).not.toContain("pulumi up");
  });
});

describe("start and restart refuse", () => {
  const refused = "Harbor is not started, and nothing was changed:\n";

  async function expectRefusal(reason: RegExp, changes: Partial<MachineOutput> = {}) {
    for (const restart of [false, true]) {
      const ended = await start(changes, restart);
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr.slice(0, refused.length)).toBe(refused);
      expect(ended.stderr.slice(refused.length)).toMatch(reason);
      expect(composeCalls()).toEqual([]);
    }
  }

  it("where the data volume is not mounted", async () => {
    machine.program("findmnt", "exit 1");
    await expectRefusal(
      /^the data volume \/dev\/sdx is not mounted at .*\/data\. As root on the machine: lsblk -f; mount/,
      {
        dataDevice: "/dev/sdx",
      },
    );
  });

  it("where something else is mounted there, and not where it is the volume by another name", async () => {
    machine.write("dev/sdy", "");
    machine.program("findmnt", `echo "$root/dev/sdy"`);
    await expectRefusal(/^\S+\/dev\/sdy is mounted at \S+, and not the data volume \/dev\/sdx\n$/, {
      dataDevice: "/dev/sdx",
    });
    machine.program("readlink", "echo /dev/nvme1n1");
    expect(await start({ dataDevice: "/dev/disk/by-id/x" })).toMatchObject({ code: 0, stderr: "" });
  });

  it("where the data's folder has not Harbor's mark", async () => {
    machine.remove("data/.harbor-cache");
    await expectRefusal(/as its mark \.harbor-cache is missing: is a file system not mounted there\?\n$/);
  });

  it.each(["self-signed", "provided"] as const)(
    "where the certificate of mode %s is missing",
    async (tls) => {
      machine.remove("data/edge/server.key");
      await expectRefusal(/^\S+\/data\/edge\/server\.key is missing, so nothing could be served over TLS/, {
        tls,
      });
    },
  );

  it("where Traefik would have no place for the certificate that it orders, but not where it has none yet", async () => {
    machine.remove("data/edge/server.key");
    expect(await start({ tls: "letsencrypt-route53" })).toMatchObject({ code: 0 });
    composeCalls();
    machine.remove("data/edge");
    await expectRefusal(/^\S+\/data\/edge is missing/, { tls: "letsencrypt-route53" });
    expect(await start({ tls: "none" })).toMatchObject({ code: 0 });
  });

  it("on a full disk", async () => {
    machine.program("df", "printf 'Filesystem 1024-blocks Used Available\\n/dev/x 9999999 9999999 1024\\n'");
    await expectRefusal(
      /^only 1 MiB are free at \S+\/data, 512 are needed to start: see docs\/runbooks\/disk-full\.md\n$/,
    );
  });

  it("where Harbor is not installed, or an up was interrupted in the middle", async () => {
    machine.write("opt/harbor/.recreate", "");
    await expectRefusal(
      /^a pulumi up was interrupted between new files and new containers: run pulumi up\n$/,
    );
    machine.remove("opt/harbor");
    await expectRefusal(/^Harbor is not installed in \S+\/opt\/harbor on this machine: run pulumi up\n$/);
  });

  it("with all reasons at once", async () => {
    machine.remove("data/edge");
    machine.write("opt/harbor/.recreate", "");
    expect((await start()).stderr.trimEnd().split("\n")).toHaveLength(4);
  });
});

describe("stop", () => {
  const stop = () => machine.run(stopOperation(output()).script);

  it("stops the containers, and that is all", async () => {
    expect(await stop()).toEqual({
      code: 0,
      stdout: `Harbor is stopped. Its data and certificates stay in ${machine.path("data")}\n`,
      stderr: "",
    });
    expect(machine.calls()).toEqual([stopped]);
  });

  it("also works where a start would be refused", async () => {
    machine.remove("data");
    expect(await stop()).toMatchObject({ code: 0 });
  });

  it("says so where there is nothing to stop, and where Docker fails", async () => {
    machine.write("state/fail-stop", "Cannot connect to the Docker daemon\n");
    expect((await stop()).stderr).toContain("Cannot connect to the Docker daemon");
    machine.remove("opt/harbor");
    expect(await stop()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is nothing to stop") as string,
    });
  });
});

describe("status", () => {
  const look = async (changes: Partial<MachineOutput> = {}) => {
    const ended = await machine.run(statusOperation(output(changes), undefined).script);
    return { ...ended, facts: ended.stdout.trimEnd().split("\n") };
  };
  beforeEach(() => {
    machine.program(
      "docker",
      `case "$*" in
  *--services) printf 'core\\nproxy\\n' ;;
  *'ps --all --format json') printf '{"Service":"core"}\\n{"Service":"proxy"}\\n' ;;
esac`,
    );
    machine.program(
      "openssl",
      `case "$*" in *s_client*) echo PEM ;; *) printf 'notAfter=Nov 21 07:00:00 2027 GMT\\nissuer=CN = CA\\n' ;; esac`,
    );
    machine.program("timeout", 'shift; exec "$@"');
  });

  it("prints facts and changes nothing", async () => {
    const { code, stderr, facts } = await look();
    expect([code, stderr]).toEqual([0, ""]);
    expect(facts).toEqual([
      "expected\tcore",
      "expected\tproxy",
      'service\t{"Service":"core"}',
      'service\t{"Service":"proxy"}',
      'health\t{"status":"healthy","components":[{"name":"core","status":"healthy"}]}',
      "certificate\tnotAfter=Nov 21 07:00:00 2027 GMT",
      "certificate\tissuer=CN = CA",
      "disk\t4194304 1048576 3145728",
    ]);
    const calls = machine.calls();
    expect(calls.filter((call) => call.startsWith("docker"))).toEqual([
      "docker compose config --services",
      "docker compose ps --all --format json",
    ]);
    expect(calls).toContain(
      "timeout 15 openssl s_client -connect 127.0.0.1:443 -servername registry.example.com",
    );
    expect(machine.list("tmp")).toEqual([".keep"]);
  });

  it("tells every problem, whatever else fails", async () => {
    machine.program("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    machine.remove("state/health");
    machine.remove("data");
    machine.without("openssl");
    const { code, facts } = await look({ tls: "letsencrypt-route53", dataDevice: "/dev/sdx" });
    expect(code).toBe(0);
    expect(facts.filter((fact) => fact.startsWith("problem\t"))).toEqual([
      expect.stringContaining("the data volume /dev/sdx is not mounted"),
      expect.stringContaining("/data/edge is missing"),
      "problem\tCannot connect to the Docker daemon",
      "problem\tCannot connect to the Docker daemon",
      "problem\thttps://registry.example.com:443 does not answer: curl: (7) Failed to connect",
    ]);
  });

  it("asks for no certificate where there is no TLS", async () => {
    const { facts } = await look({ tls: "none", listenPort: 80 });
    expect(facts.filter((fact) => fact.startsWith("certificate"))).toEqual([]);
    expect(machine.calls().join("\n")).not.toContain("openssl");
  });

  it("does not wait for a step that runs", async () => {
    const lock = spawn("flock", ["--no-fork", machine.root, "sleep", "60"]);
    await new Promise<void>((resolve, reject) => {
      const probe = (): void => {
        // -E tells a held lock from a failure.
        spawn("flock", ["-n", "-E", "7", machine.root, "true"])
          .once("error", reject)
          .once("close", (code) => {
            if (code === 7) resolve();
            else setTimeout(probe, 20);
          });
      };
      probe();
    });
    expect((await look()).code).toBe(0);
    const blocked = startOperation(output(), undefined).script;
    const ended = await machine.run(blocked.replace(/^step_seconds='\d+'$/m, "step_seconds='2'"));
    expect(ended.stderr).toContain("another step still runs on this machine after 1 seconds");
    lock.kill();
  });
});
