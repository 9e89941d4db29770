import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { edgeHealthScript } from "../../../components/harbor/step-scripts.ts";
import type { HarborSettings } from "../../../config/settings.ts";
import { exampleMachine, selfSigned } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

describe("edge-health", () => {
  beforeEach(() => {
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
  });
  const run = (ca?: string, changes: Partial<HarborSettings> = {}) =>
    machine.run(
      edgeHealthScript({ ...exampleMachine(changes, machine.root), tls: selfSigned }, ca, "digest"),
    );

  it("asks as clients do, by the public name and port, and trusts the CA that they are given", async () => {
    machine.program("curl", `cat "$root"/tmp/*/ca.crt >"$root/state/trusted"; printf 200`);
    expect(await run("PEM", { listenAddress: "10.0.0.5", httpsPort: 8443 })).toEqual({
      code: 0,
      stdout: "Harbor answers at https://registry.example.com:8443, with a certificate that proves it\n",
      stderr: "",
    });
    const calls = machine.calls();
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatch(
      /^curl --cacert \/tmp\/\S+\/ca\.crt .*--connect-to ::10\.0\.0\.5:8443 .*https:\/\/registry\.example\.com:8443\/api\/v2\.0\/ping$/,
    );
    expect(calls[0]).not.toMatch(/insecure| -k /);
    expect(machine.read("state/trusted")).toBe("PEM\n");
    expect(machine.list("tmp")).toEqual([".keep"]);
  });

  it("trusts what the machine trusts where no CA is given", async () => {
    machine.program("curl", "printf 200");
    expect(await run()).toMatchObject({ code: 0 });
    expect(machine.calls()[0]).not.toContain("--cacert");
  });

  it("waits while Traefik has no certificate and no backend yet", async () => {
    machine.program(
      "curl",
      `case "$(grep -c ^curl "$root/calls")" in 1) echo 'curl: (60) self-signed' >&2; exit 60;; 2) printf 404;; *) printf 200;; esac`,
    );
    machine.program("sleep", "");
    expect(await run(undefined, { timeouts: { step: 60, health: 20 } })).toMatchObject({ code: 0 });
    expect(machine.calls().filter((call) => call.startsWith("curl"))).toHaveLength(3);
  });

  it("has a certificate ordered again that was refused before, once", async () => {
    machine.program("curl", `[ -e "$root/restarted" ] || exit 60; printf 200`);
    machine.program(
      "docker",
      `case "$*" in
  *logs*) echo '2026-11-21T07:00:09Z ERR Unable to obtain ACME certificate for domains error="AccessDenied"' ;;
  *restart*) : >"$root/restarted" ;;
esac`,
    );
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls().filter((call) => call.includes("restart"))).toEqual([
      "docker compose restart traefik",
    ]);
    expect(await run()).toMatchObject({ code: 0 });
    expect(machine.calls().filter((call) => call.startsWith("docker"))).toEqual([]);
  });

  it("leaves a Traefik alone that was refused nothing", async () => {
    machine.program("curl", "exit 60");
    expect(await run()).toMatchObject({ code: 1 });
    expect(machine.calls().join("\n")).not.toContain("restart");
  });

  it("shows Traefik's own errors and not its access log, within the time given", async () => {
    machine.program(
      "curl",
      "echo 'curl: (60) SSL certificate problem: self-signed certificate' >&2; exit 60",
    );
    machine.program(
      "docker",
      `case "$*" in
  *' ps '*) echo 'traefik: Up 3 seconds (healthy)' ;;
  *logs*) printf '%s\\n' '{"RequestPath":"/v2/"}' '2026-11-21T07:00:00Z INF Starting provider' '2026-11-21T07:00:09Z ERR Unable to obtain ACME certificate for domains error="AccessDenied"' ;;
esac`,
    );
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr)
      .toBe(`https://registry.example.com does not answer as it should after 1 seconds (harbor.timeouts.health): curl: (60) SSL certificate problem: self-signed certificate
If its CA is not trusted everywhere, clients and this machine have to be given it: tls.caCertificate
containers:
traefik: Up 3 seconds (healthy)
last words of traefik:
2026-11-21T07:00:09Z ERR Unable to obtain ACME certificate for domains error="AccessDenied"
`);
  });
});
