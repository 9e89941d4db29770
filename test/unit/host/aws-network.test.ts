import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { deviceOf } from "../../../components/host/aws-data-volume.ts";
import { findPlace, openings } from "../../../components/host/aws-network.ts";
import { challengeZone, zoneFor } from "../../../components/host/aws-zone.ts";
import type { AwsMachine } from "../../../config/settings.ts";
import { account, awsSettings, startAccount } from "./aws-account.ts";

beforeAll(startAccount);
beforeEach(() => {
  account.reset();
});

const machineWith = (changes: object): AwsMachine => {
  const { machine } = awsSettings({ machine: changes });
  if (machine.type !== "aws") throw new Error("no machine on AWS");
  return machine;
};
const byId = { vpc: { id: "vpc-0123456789abcdef0" }, subnet: { id: "subnet-0123456789abcdef0" } };
const byTags = {
  vpc: { tags: { Name: "production" } },
  subnet: { tags: { Name: "private-a", Tier: "web" } },
};
const lookups = () => account.calls.filter(({ token }) => token.startsWith("aws:ec2/"));

describe("the place in the network", () => {
  it.each([
    [
      "by ids",
      byId,
      { filters: [{ name: "vpc-id", values: ["vpc-0123456789abcdef0"] }] },
      {
        filters: [
          { name: "subnet-id", values: ["subnet-0123456789abcdef0"] },
          { name: "vpc-id", values: ["vpc-1"] },
        ],
      },
    ],
    [
      "by tags",
      byTags,
      { tags: { Name: "production" } },
      { tags: { Name: "private-a", Tier: "web" }, filters: [{ name: "vpc-id", values: ["vpc-1"] }] },
    ],
    [
      "the default one",
      { defaultVpc: true },
      { filters: [{ name: "is-default", values: ["true"] }] },
      {
        filters: [
          { name: "default-for-az", values: ["true"] },
          { name: "vpc-id", values: ["vpc-1"] },
        ],
      },
    ],
  ])("is looked for %s, the subnet in the VPC that was found", async (_how, changes, vpcs, subnets) => {
    expect(await findPlace(machineWith(changes), {})).toEqual({
      vpcId: "vpc-1",
      subnetId: "subnet-1",
      availabilityZone: "eu-west-1b",
    });
    expect(lookups()).toEqual([
      { token: "aws:ec2/getVpcs:getVpcs", inputs: vpcs },
      { token: "aws:ec2/getSubnets:getSubnets", inputs: subnets },
      { token: "aws:ec2/getSubnet:getSubnet", inputs: { id: "subnet-1" } },
    ]);
  });

  it("is always the same one of several default subnets", async () => {
    account.subnets = ["subnet-c", "subnet-a", "subnet-b"];
    expect((await findPlace(machineWith({ defaultVpc: true }), {})).subnetId).toBe("subnet-a");
  });

  it.each<[string, object, Partial<typeof account>, string]>([
    [
      "no VPC by id",
      byId,
      { vpcs: [] },
      "harbor-cache:machine.vpc.id: no such VPC is found in the region of aws:region, for the account that the credentials belong to",
    ],
    [
      "two VPCs by tags",
      byTags,
      { vpcs: ["vpc-2", "vpc-1"] },
      "harbor-cache:machine.vpc.tags: 2 of them are found in the region of aws:region (vpc-1, vpc-2): name one by its id, or give more tags",
    ],
    [
      "no default VPC",
      { defaultVpc: true },
      { vpcs: [] },
      "harbor-cache:machine.defaultVpc: no such VPC is found",
    ],
    [
      "no subnet by id",
      byId,
      { subnets: [] },
      "harbor-cache:machine.subnet.id: no such subnet is found in the VPC",
    ],
    [
      "two subnets by tags",
      byTags,
      { subnets: ["subnet-2", "subnet-1"] },
      "harbor-cache:machine.subnet.tags: 2 of them are found in the VPC (subnet-1, subnet-2)",
    ],
    [
      "no default subnet",
      { defaultVpc: true },
      { subnets: [] },
      "harbor-cache:machine.subnet: the default VPC has no default subnet",
    ],
  ])("must be found once: %s", async (_what, changes, found, message) => {
    Object.assign(account, found);
    await expect(findPlace(machineWith(changes), {})).rejects.toThrow(message);
  });
});

describe("a hosted zone", () => {
  const names = { name: "example.com.", privateZone: false };

  it.each([
    ["registry.example.com", true],
    ["example.com", true],
    ["registry.badexample.com", false],
    ["com", false],
  ])("of example.com can hold %s: %s", async (hostname, can) => {
    account.zones = { Z1: names };
    const found = zoneFor("machine.dns.hostedZoneId", "Z1", hostname, {});
    if (can) expect(await found).toEqual({ zoneId: "Z1", isPrivate: false });
    else {
      await expect(found).rejects.toThrow(
        `harbor-cache:machine.dns.hostedZoneId: the zone Z1 is of example.com, and ${hostname} is not in it`,
      );
    }
  });

  it("for the challenge must be public", async () => {
    account.zones = { Z1: names, Z2: { ...names, privateZone: true } };
    expect(await challengeZone("Z1", "registry.example.com", {})).toEqual({ zoneId: "Z1", isPrivate: false });
    await expect(challengeZone("Z2", "registry.example.com", {})).rejects.toThrow(
      "harbor-cache:tls.hostedZoneId: the zone Z2 is private, and the challenge is looked up in the public DNS",
    );
  });
});

describe("what the machine lets in", () => {
  const ports = (tls: object, harbor: object, machine: object) => {
    const settings = awsSettings({ tls, harbor, machine: { defaultVpc: true, ...machine } });
    if (settings.machine.type !== "aws") throw new Error("no machine on AWS");
    return openings(settings.machine, settings.tls, settings.harbor);
  };
  const web = ["10.0.0.0/8", "2001:db8::/32"];

  it("is HTTP alone where there is no TLS", () => {
    expect(ports({ mode: "none" }, {}, { allowedCidrs: { web } })).toEqual([
      { port: 80, networks: web, description: "HTTP" },
    ]);
  });

  it("is HTTP and HTTPS, and SSH and metrics where they are asked for", () => {
    const harbor = { httpPort: 8081, httpsPort: 8443, metrics: { enabled: true, port: 9091 } };
    expect(ports({ mode: "self-signed" }, harbor, { allowedCidrs: { web, ssh: ["10.1.0.0/16"] } })).toEqual([
      { port: 8081, networks: web, description: "HTTP" },
      { port: 8443, networks: web, description: "HTTPS" },
      { port: 9091, networks: web, description: "Metrics" },
      { port: 22, networks: ["10.1.0.0/16"], description: "SSH" },
    ]);
  });

  it("is never Harbor's own port behind the edge, nor SSH for those who may only pull", () => {
    const network = fc.integer({ min: 0, max: 255 }).map((byte) => `10.${byte}.0.0/16`);
    fc.assert(
      fc.property(
        fc.uniqueArray(network, { minLength: 1, maxLength: 5 }),
        fc.uniqueArray(network, { maxLength: 5 }),
        fc.constantFrom("none", "self-signed"),
        fc.boolean(),
        (webNetworks, ssh, mode, enabled) => {
          const made = ports({ mode }, { metrics: { enabled } }, { allowedCidrs: { web: webNetworks, ssh } });
          const open = made.filter(({ port }) => port !== 22);
          expect(open.map(({ port }) => port)).toEqual([
            80,
            ...(mode === "none" ? [] : [443]),
            ...(enabled ? [9090] : []),
          ]);
          for (const { networks } of open) expect(networks).toEqual(webNetworks);
          expect(made.filter(({ port }) => port === 22).map(({ networks }) => networks)).toEqual(
            ssh.length > 0 ? [ssh] : [],
          );
        },
      ),
    );
  });
});

it("a volume is found by its id without the dash", () => {
  expect(deviceOf("vol-0fedcba9876543210")).toBe(
    "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0fedcba9876543210",
  );
});
