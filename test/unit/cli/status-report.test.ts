import { describe, expect, it } from "vitest";
import type { MachineOutput } from "../../../components/harbor/machine-schema.ts";
import { statusReport } from "../../../cli/status-report.ts";

const machine: MachineOutput = {
  address: "10.0.0.5",
  port: 22,
  user: "ops",
  hostKey: "ssh-ed25519 AAAA",
  sudo: true,
  installDir: "/opt/harbor",
  dataDir: "/data",
  hostname: "registry.example.com",
  url: "https://registry.example.com",
  listenAddress: "0.0.0.0",
  listenPort: 443,
  tls: "self-signed",
  timeouts: { step: 60, health: 1 },
};
const now = new Date("2026-11-21T07:00:00Z");
const running = 'expected\tcore\nservice\t{"Service":"core","State":"running"}\n';
const healthy = 'health\t{"status":"healthy","components":[{"name":"core","status":"healthy"}]}\n';
const report = (printed: string) => statusReport(machine, printed, now);

describe("what the machine told", () => {
  it("is healthy only where Harbor itself has said so", () => {
    expect(report(running + healthy)).toMatchObject({ healthy: true, problems: [] });
    expect(report(running).healthy).toBe(false);
    expect(report(`${running}health\t{"status":"unhealthy"}\n`).healthy).toBe(false);
    expect(report("").healthy).toBe(false);
    expect(report(`${running}health\t<html>502 Bad Gateway</html>\n`)).toMatchObject({
      healthy: false,
      problems: ["https://registry.example.com gives no answer of Harbor's"],
    });
  });

  it.each<[MachineOutput["tls"], string, string, number, boolean]>([
    ["letsencrypt-route53", "Aug 30 07:00:00 2026 GMT", "Nov 28 07:00:00 2026 GMT", 7, true],
    ["letsencrypt-route53", "Aug 30 07:00:00 2026 GMT", "Nov 28 06:59:59 2026 GMT", 6, false],
    ["letsencrypt-route53", "Aug 30 07:00:00 2026 GMT", "Nov 21 06:59:59 2026 GMT", -1, false],
    // Renewed by an `up` only: somebody has to hear of it in time.
    ["self-signed", "Sep 18 07:00:00 2024 GMT", "Dec 21 07:00:00 2026 GMT", 30, true],
    ["self-signed", "Sep 18 07:00:00 2024 GMT", "Dec 21 06:59:59 2026 GMT", 29, false],
    ["provided", "Sep 18 07:00:00 2024 GMT", "Dec 21 06:59:59 2026 GMT", 29, false],
    // A short life is no problem from its first day.
    ["self-signed", "Nov 13 07:00:00 2026 GMT", "Nov 25 07:00:00 2026 GMT", 4, true],
    ["self-signed", "Nov 13 07:00:00 2026 GMT", "Nov 24 07:00:00 2026 GMT", 3, true],
    ["self-signed", "Nov 13 07:00:00 2026 GMT", "Nov 23 07:00:00 2026 GMT", 2, false],
  ])("%s: a certificate from %s to %s has %i days left, fine: %s", (tls, start, end, daysLeft, fine) => {
    const certificate = [`notBefore=${start}`, `notAfter=${end}`, "issuer=CN = CA"];
    const lines = certificate.map((line) => `certificate\t${line}\n`).join("");
    const told = statusReport({ ...machine, tls }, running + healthy + lines, now);
    const when = `${daysLeft < 0 ? "has ended" : "ends"} on ${new Date(end).toISOString()}`;
    expect(told).toMatchObject({
      healthy: fine,
      certificate: { daysLeft, issuer: "CN = CA" },
      problems: fine ? [] : [`the certificate ${when}: see docs/runbooks/certificates.md`],
    });
  });

  it("takes a container that is about to be judged for one that is not healthy yet", () => {
    const starting = 'service\t{"Service":"traefik","State":"running","Health":"starting"}\n';
    expect(report(running + healthy + starting)).toMatchObject({
      healthy: false,
      problems: ["the container of traefik is starting"],
    });
  });

  it("leaves out what nobody could tell", () => {
    expect(report("disk\t\ncertificate\tnotAfter=\nservice\tno JSON\n")).toMatchObject({
      disk: undefined,
      certificate: undefined,
      version: undefined,
      services: [],
    });
    expect(report("disk\t1000 400 600\n").disk).toEqual({
      path: "/data",
      total: 1_024_000,
      used: 409_600,
      free: 614_400,
    });
  });
});
