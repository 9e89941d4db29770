import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, it } from "vitest";
import { machineOutput } from "../../../components/harbor/machine-output.ts";
import { machineSchema } from "../../../components/harbor/machine-schema.ts";
import type { Host } from "../../../components/host/host.ts";
import { hostKey } from "../config/valid.ts";
import { recordResources, settled } from "../mocks.ts";
import { exampleMachine, selfSigned } from "./example-machine.ts";

beforeAll(async () => {
  await recordResources();
});

const privateKey = pulumi.secret("Key-Secret-1");
const access: Host["access"] = {
  address: pulumi.output("10.0.0.5"),
  port: 2222,
  user: "ops",
  privateKey,
  hostKey: pulumi.output(hostKey),
};

it("says all that the commands need, and passes their check", async () => {
  const { value, secret } = await settled(
    machineOutput({ access, sudo: true }, exampleMachine({ httpPort: 8081, listenAddress: "127.0.0.1" })),
  );
  expect(secret).toBe(false);
  expect(value).toEqual({
    address: "10.0.0.5",
    port: 2222,
    user: "ops",
    hostKey,
    sudo: true,
    installDir: "/opt/harbor",
    dataDir: "/data",
    hostname: "registry.example.com",
    url: "http://registry.example.com:8081",
    listenAddress: "127.0.0.1",
    listenPort: 8081,
    tls: "none",
    timeouts: { step: 60, health: 1 },
  });
  expect(machineSchema.parse(value)).toEqual(value);
});

it("holds no private key, of the machine or of its jump host", async () => {
  const jump = { address: "bastion", port: 22, user: "ops", hostKey, privateKey };
  const { value, secret } = await settled(
    machineOutput({ access: { ...access, jump }, sudo: true }, { ...exampleMachine(), tls: selfSigned }),
  );
  expect(secret).toBe(false);
  expect(value.jump).toEqual({ address: "bastion", port: 22, user: "ops", hostKey });
  expect(value).toMatchObject({ listenPort: 443, url: "https://registry.example.com", tls: "self-signed" });
  expect(machineSchema.parse(value)).toEqual(value);
});

it("names the volume of the host, else that of the settings", async () => {
  const dataVolume = { device: "/dev/sdb", fsType: "ext4" } as const;
  const settings = exampleMachine({ dataVolume });
  expect((await settled(machineOutput({ access, sudo: true }, settings))).value.dataDevice).toBe("/dev/sdb");
  const own = { ...dataVolume, device: pulumi.output("/dev/disk/by-id/x"), sizeGiB: 200 };
  const { value } = await settled(machineOutput({ access, sudo: true, dataVolume: own }, settings));
  expect(value.dataDevice).toBe("/dev/disk/by-id/x");
});
