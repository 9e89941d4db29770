import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  directoriesScript,
  healthScript,
  startScript,
  type Front,
  type HarborMachine,
} from "../../../components/harbor/step-scripts.ts";
import type { HarborSettings } from "../../../config/settings.ts";
import { exampleMachine, front, passwords, selfSigned, letsEncrypt } from "./example-machine.ts";
import { MachineSandbox, type Ended } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript(exampleMachine({}, machine.root)));
  machine.calls();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const settings = (changes: Partial<HarborSettings> = {}): HarborMachine =>
  exampleMachine(changes, machine.root);

function expectNoSecrets({ stdout, stderr }: Ended) {
  for (const secret of Object.values(passwords)) {
    expect(stdout + stderr + machine.calls().join("\n")).not.toContain(secret);
  }
}

describe("start", () => {
  const run = (changes: Partial<HarborSettings> = {}, secrets = passwords) =>
    machine.run(startScript(settings(changes), secrets));
  const prepare =
    "docker run --rm --privileged -v /opt/harbor/input:/input -v /data:/data -v /opt/harbor:/compose_location " +
    "-v /opt/harbor/common/config:/config -v /:/hostfs goharbor/prepare:v2.15.2 prepare";
  const config = "docker compose config --quiet";
  const up = "docker compose up --detach --remove-orphans --quiet-pull";

  it("prepares and starts at first, and then only starts", async () => {
    const ended = await run();
    expect(ended).toEqual({
      code: 0,
      stdout: "Harbor 2.15.2 was started, with a new configuration\n",
      stderr: "",
    });
    expect(machine.calls()).toEqual([prepare, config, `${up} --force-recreate`]);
    expect(machine.mode("opt/harbor/harbor.yml")).toBe("0600");
    expect(machine.mode("opt/harbor/docker-compose.override.yml")).toBe("0600");
    expect(machine.read("opt/harbor/docker-compose.override.yml")).toContain("ports: !override");
    expect(machine.exists("opt/harbor/input")).toBe(false);

    expect(await run()).toEqual({ code: 0, stdout: "Harbor 2.15.2 was started\n", stderr: "" });
    expect(machine.calls()).toEqual([config, up]);
  });

  it("gives no secret away in output, arguments or files that others can read", async () => {
    expectNoSecrets(await run());
    machine.write("state/fail-prepare", "something is wrong\n");
    expectNoSecrets(await run({ logLevel: "debug" }));
    const readable = [".prepared", "harbor.yml", "log/prepare.log"].filter((name) =>
      machine.exists(`opt/harbor/${name}`),
    );
    expect(readable.map((name) => machine.mode(`opt/harbor/${name}`))).toEqual(readable.map(() => "0600"));
  });

  it("prepares again when the configuration or the version changed, and not for the published address alone", async () => {
    await run();
    machine.calls();
    await run({ logLevel: "debug" });
    expect(machine.calls()).toEqual([prepare, config, `${up} --force-recreate`]);
    await run({ logLevel: "debug", version: "2.15.3" });
    expect(machine.calls()[0]).toContain("goharbor/prepare:v2.15.3 prepare");
    machine.calls();
    await run({ logLevel: "debug", version: "2.15.3", listenAddress: "127.0.0.1" });
    expect(machine.calls()).toEqual([config, up]);
  });

  it("prepares with the scanner where it is wanted, and without it when it is no more", async () => {
    await run();
    machine.calls();
    const trivy = {
      enabled: true,
      ignoreUnfixed: false,
      skipUpdate: false,
      offlineScan: false,
      timeoutMinutes: 5,
    };
    await run({ trivy });
    expect(machine.calls()[0]).toBe(`${prepare} --with-trivy`);
    machine.calls();
    await run();
    expect(machine.calls()[0]).toBe(prepare);
  });

  describe("with an edge", () => {
    const runEdge = (before: Front = front, tls: HarborMachine["tls"] = selfSigned) =>
      machine.run(startScript({ ...settings(), tls }, passwords, before));
    const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "Key/Secret-3+=" };
    const acme = {
      ...letsEncrypt,
      caServer: "https://ca.example.com/directory",
      caCertificate: "ROOT",
    } as const;

    it("installs what Traefik reads before it starts anything, for root only", async () => {
      expect(await runEdge({ ...front, credentials }, acme)).toMatchObject({ code: 0, stderr: "" });
      expect(machine.list("opt/harbor/edge")).toEqual(["acme-ca.crt", "acme.env", "tls.yml"]);
      expect(machine.read("opt/harbor/edge/acme.env")).toBe(
        "AWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=Key/Secret-3+=\n",
      );
      expect(machine.read("opt/harbor/edge/acme-ca.crt")).toBe("ROOT");
      expect(machine.mode("opt/harbor/edge")).toBe("0700");
      for (const name of machine.list("opt/harbor/edge")) {
        expect(machine.mode(`opt/harbor/edge/${name}`)).toBe("0600");
      }
      expect(machine.calls().join("\n")).not.toContain(credentials.secretAccessKey);
    });

    it("writes tls.yml anew for a new certificate, without a prepare and without a restart", async () => {
      await runEdge();
      const before = machine.read("opt/harbor/edge/tls.yml");
      machine.calls();
      await runEdge({ ...front, certificate: "sha256 Fingerprint=12:34" });
      expect(machine.calls()).toEqual([config, up]);
      const after = machine.read("opt/harbor/edge/tls.yml");
      expect(before).toContain("AB:CD");
      expect(after).toBe(before.replace("AB:CD", "12:34"));
    });

    it("takes away what is not wanted any more", async () => {
      await runEdge({ ...front, credentials }, acme);
      await runEdge();
      expect(machine.list("opt/harbor/edge")).toEqual(["tls.yml"]);
      await run();
      expect(machine.exists("opt/harbor/edge")).toBe(false);
    });
  });

  it("repeats prepare where it failed, with its last words in the error", async () => {
    machine.write(
      "state/fail-prepare",
      "Error happened in config validation...\nERROR:root:Error: The protocol is https but attribute ssl_cert is not set\n",
    );
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toContain("failed with status 17: docker run --rm --privileged");
    expect(stderr).toContain("attribute ssl_cert is not set");
    expect(machine.exists("opt/harbor/input")).toBe(false);
    machine.remove("state/fail-prepare");
    machine.calls();
    expect((await run()).code).toBe(0);
    expect(machine.calls()).toEqual([prepare, config, `${up} --force-recreate`]);
  });

  it("prepares again for the old configuration after a failure with a new one, which left nothing whole", async () => {
    await run();
    machine.write("state/fail-prepare", "no\n");
    await run({ logLevel: "debug" });
    machine.remove("state/fail-prepare");
    machine.calls();
    await run();
    expect(machine.calls()).toEqual([prepare, config, `${up} --force-recreate`]);
  });

  it("recreates the containers even when the start after prepare failed the first time", async () => {
    machine.write("state/fail-up", "Bind for 0.0.0.0:80 failed: port is already allocated\n");
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([1, expect.stringContaining("port is already allocated")]);
    machine.remove("state/fail-up");
    machine.calls();
    expect((await run()).code).toBe(0);
    expect(machine.calls()).toEqual([config, `${up} --force-recreate`]);
  });

  it("prepares again where the compose file is gone", async () => {
    await run();
    machine.remove("opt/harbor/docker-compose.yml");
    machine.calls();
    await run();
    expect(machine.calls()[0]).toBe(prepare);
  });

  it("shows at most the last 40 lines of a long failure", async () => {
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index} ${"x".repeat(2000)}`);
    machine.write("state/fail-up", lines.join("\n"));
    const { stderr } = await run();
    expect(stderr).toContain("line 499 ");
    expect(stderr).not.toContain("line 459 ");
    expect(stderr.length).toBeLessThan(20_000);
  });

  it("refuses a changed database password, which the data would not know, before it changes anything", async () => {
    await run();
    machine.calls();
    const before = machine.read("opt/harbor/harbor.yml");
    const ended = await run({}, { ...passwords, databasePassword: "Other-Secret-3" });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("was made with another database password");
    expect(ended.stderr).toContain("pulumi config set --secret --path harbor-cache:harbor.databasePassword");
    expect(ended.stderr).not.toContain("Other-Secret-3");
    expect(machine.calls()).toEqual([]);
    expect(machine.read("opt/harbor/harbor.yml")).toBe(before);
  });

  it("takes another database password as long as no data was made", async () => {
    machine.write("state/fail-prepare", "no\n");
    await run({}, { ...passwords, databasePassword: "Other-Secret-3" });
    machine.remove("state/fail-prepare");
    expect((await run()).code).toBe(0);
    expect(machine.read("data/.harbor-cache/database-password")).toBe(passwords.databasePassword);
    expect(machine.mode("data/.harbor-cache/database-password")).toBe("0600");
  });
});

describe("health", () => {
  const run = (machineSettings = settings(), secrets = passwords) =>
    machine.run(healthScript(machineSettings, secrets, "digest"));

  it("asks over loopback until the body says healthy, then signs in", async () => {
    expect(await run()).toEqual({ code: 0, stdout: "Harbor is healthy\n", stderr: "" });
    const calls = machine.calls();
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatch(
      /^curl .*--connect-to ::127\.0\.0\.1:80 http:\/\/registry\.example\.com:80\/api\/v2\.0\/health$/,
    );
    expect(calls[1]).toMatch(/--config - .*http:\/\/registry\.example\.com:80\/api\/v2\.0\/users\/current$/);
    expect(calls.join("\n")).not.toContain(passwords.adminPassword);
    expect(machine.read("state/curl-config")).toBe('user = "admin:Admin-Secret-1"\n');
    expect(machine.read("data/.harbor-cache/admin-password")).toBe(passwords.adminPassword);
    expect(machine.mode("data/.harbor-cache/admin-password")).toBe("0600");
    expect(machine.list("tmp")).toEqual([".keep"]);
  });

  it("goes past the edge where there is one", async () => {
    const changes = { listenAddress: "10.0.0.5", httpsPort: 8443, loopbackPort: 9080 };
    await run({ ...settings(changes), tls: selfSigned });
    const [call = ""] = machine.calls();
    expect(call).toMatch(
      /--connect-to ::127\.0\.0\.1:9080 http:\/\/registry\.example\.com:9080\/api\/v2\.0\/health$/,
    );
    expect(call).not.toContain("--cacert");
  });

  it("waits while Harbor comes up", async () => {
    const healthy = machine.read("state/health");
    machine.program(
      "curl",
      `case "$*" in *users*) printf 200; exit;; esac
[ -e "$root/state/tried" ] || { : >"$root/state/tried"; exit 7; }
cat "$root/state/health"; printf '%s' '${healthy.trim()}' >"$root/state/health"`,
    );
    machine.write(
      "state/health",
      '{"status":"unhealthy","components":[{"name":"core","status":"unhealthy"}]}',
    );
    expect(await run(settings({ timeouts: { step: 60, health: 20 } }))).toMatchObject({ code: 0 });
    expect(machine.calls()).toHaveLength(4);
  });

  it("names the unhealthy components with their containers' last words, within the time given", async () => {
    machine.write(
      "state/health",
      '{"components":[{"error":"failed to check database","name":"database","status":"unhealthy"},{"name":"core","status":"healthy"},' +
        '{"error":"x","name":"jobservice","status":"unhealthy"}],"status":"unhealthy"}\n',
    );
    const begun = performance.now();
    const ended = await run();
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe(`Harbor is not healthy after 1 seconds (harbor.timeouts.health)
unhealthy: database jobservice
containers:
core: Up 3 seconds (unhealthy)
proxy: Up 3 seconds
last words of postgresql:
words of postgresql
last words of jobservice:
words of jobservice
`);
    expectNoSecrets(ended);
  });

  it("says so where nothing answers at all", async () => {
    machine.remove("state/health");
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toContain("http://registry.example.com:80 does not answer: curl: (7) Failed to connect");
    expect(stderr).toContain("words of proxy");
  });

  it("tells what to do where Harbor keeps its old admin password", async () => {
    await run();
    machine.write("state/admin-status", "401");
    machine.program("sleep", "");
    const ended = await run(settings(), { ...passwords, adminPassword: "New-Secret-4" });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("refuses the admin password of the configuration");
    expect(ended.stderr).toContain("pulumi config set --secret --path harbor-cache:harbor.adminPassword");
    expect(ended.stderr).not.toContain("New-Secret-4");
    expectNoSecrets(ended);
    expect(machine.read("data/.harbor-cache/admin-password")).toBe(passwords.adminPassword);
  });

  it("is ended by the machine where it hangs, and says after how long", async () => {
    machine.program("curl", "exec sleep 600");
    const script = healthScript(settings({ timeouts: { step: 60, health: 1 } }), passwords, "digest").replace(
      /^step_seconds='61'$/m,
      "step_seconds='1'",
    );
    const ended = await machine.run(script, "up", ["/usr/bin/timeout", "1", "sh"]);
    expect(ended.stderr).toContain("not done within 1 seconds");
    expect(ended.code).toBe(124);
  });
});
