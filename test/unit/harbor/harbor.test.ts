import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Harbor, type HarborArgs } from "../../../components/harbor/harbor.ts";
import { z } from "zod";
import { recordResources, settled, type Registered } from "../mocks.ts";
import type { Host } from "../../../components/host/host.ts";
import { exampleEdge, exampleSettings, selfSigned } from "./example-machine.ts";

const ca = "-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n";
const tls = selfSigned;
const host: Host = {
  connection: { host: "10.0.0.5" },
  access: {
    address: pulumi.output("10.0.0.5"),
    port: 22,
    user: "ops",
    hostKey: pulumi.output("ssh-ed25519 AAAA"),
  },
  identity: pulumi.output("0123abcd"),
  sudo: true,
  ready: [],
};
// It would write files for ssh into the home directory.
vi.mock("../../../components/host/docker-provider.ts", async () => {
  const docker = await import("@pulumi/docker");
  return {
    dockerProvider: (name: string, _host: unknown, opts: pulumi.ResourceOptions) =>
      new docker.Provider(name, { host: "ssh://ops@10.0.0.5:22" }, opts),
  };
});

let registered: Registered[];
beforeAll(async () => {
  registered = await recordResources(({ type, name }) => {
    if (type === "harborcache:harbor:Password") return { result: `generated-${name}` };
    if (type === "docker:index/remoteImage:RemoteImage")
      return { repoDigest: `${name}@sha256:${"0".repeat(64)}` };
    const stdout = name.endsWith("certificate") ? `sha256 Fingerprint=AB:CD\n${ca}` : "done\n";
    // As the engine may do with outputs of what has a secret input.
    return { stdout: pulumi.secret(stdout) };
  });
});

const made: pulumi.ResourceTransformationArgs[] = [];
beforeEach(() => {
  registered.length = 0;
  made.length = 0;
});

async function make(name: string, args: Partial<HarborArgs> = {}): Promise<Harbor> {
  const transformation: pulumi.ResourceTransformation = (child) => {
    made.push(child);
    return undefined;
  };
  const harbor = new Harbor(
    name,
    {
      host,
      hostname: "registry.example.com",
      tls: { mode: "none" },
      settings: exampleSettings({ listenAddress: "127.0.0.1" }),
      edge: exampleEdge,
      ...args,
    },
    { transformations: [transformation] },
  );
  await settled(harbor.url);
  return harbor;
}

const inputs = (name: string) => registered.find((resource) => resource.name === name)?.inputs;
/** A secret as it goes to the engine. */
const sealed = z.object({
  "4dabf18193072939515e22adb298388d": z.literal("1b47061264138c4ac30d75fd1eb44270"),
  value: z.string(),
});
const stdin = (name: string) => sealed.parse(inputs(name)?.["stdin"]).value;

/** What a step waits for, before the machine is tried and the step runs. */
async function dependencies(step: string): Promise<string[]> {
  const options = made.find((child) => child.name === `${step}-access`)?.opts;
  const urns = [options?.dependsOn ?? []].flat().map((on) => settled((on as pulumi.Resource).urn));
  return (await Promise.all(urns)).map(({ value }) => value.split("::").at(-1) ?? "");
}

describe("Harbor", () => {
  it("makes two passwords and its steps, in order, under its own name", async () => {
    await make("harbor");
    expect(made.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "harborcache:components:Harbor harbor",
      "harborcache:harbor:Password harbor-admin-password",
      "harborcache:harbor:Password harbor-database-password",
      "harborcache:host:Access harbor-prerequisites-access",
      "command:remote:Command harbor-prerequisites",
      "harborcache:host:Access harbor-directories-access",
      "command:remote:Command harbor-directories",
      "harborcache:host:Access harbor-directories-undo-access",
      "harborcache:host:Access harbor-package-access",
      "command:remote:Command harbor-package",
      "harborcache:host:Access harbor-stop-access",
      "command:remote:Command harbor-stop",
      "harborcache:host:Access harbor-stop-undo-access",
      "harborcache:host:Access harbor-start-access",
      "command:remote:Command harbor-start",
      "harborcache:host:Access harbor-health-access",
      "command:remote:Command harbor-health",
    ]);
    expect(await dependencies("harbor-prerequisites")).toEqual([]);
    expect(await dependencies("harbor-directories")).toEqual(["harbor-prerequisites"]);
    expect(await dependencies("harbor-package")).toEqual(["harbor-directories-undo-access"]);
    expect(await dependencies("harbor-stop")).toEqual(["harbor-directories-undo-access"]);
    expect(await dependencies("harbor-start")).toEqual(["harbor-package", "harbor-stop-undo-access"]);
    expect(await dependencies("harbor-health")).toEqual(["harbor-start"]);
    expect(
      new Set(made.slice(1).map(({ opts }) => (opts.parent as Harbor | undefined)?.endpoint.host)),
    ).toEqual(new Set(["registry.example.com"]));
  });

  it("keeps all scripts secret and has something to undo in two steps only", async () => {
    await make("harbor");
    const steps = registered.filter(({ type }) => type === "command:remote:Command");
    expect(steps).toHaveLength(6);
    for (const step of steps) {
      expect(Object.keys(step.inputs)).not.toContain("triggers");
      expect(Object.keys(step.inputs)).not.toContain("environment");
      expect(stdin(step.name)).toMatch(/\nmain "\$@" <\/dev\/null\n$/);
    }
    const undoable = registered.filter((resource) => "delete" in resource.inputs);
    expect(undoable.map(({ name, inputs: { delete: undo } }) => [name, undo])).toEqual([
      ["harbor-directories", "sudo -n timeout -k 10 60 sh -s down"],
      ["harbor-stop", "sudo -n timeout -k 10 60 sh -s down"],
    ]);
    expect(inputs("harbor-health")?.["create"]).toBe("sudo -n timeout -k 10 61 sh -s up 0123abcd");
  });

  it("tells its URL, and the generated admin password as a secret", async () => {
    const harbor = await make("harbor");
    expect(await settled(harbor.url)).toEqual({ value: "http://registry.example.com", secret: false });
    expect(await settled(harbor.adminPassword)).toEqual({
      value: "generated-harbor-admin-password",
      secret: true,
    });
    expect(harbor.caCertificate).toBeUndefined();
    expect(stdin("harbor-start")).toContain("harbor_admin_password: generated-harbor-admin-password\n");
    expect(stdin("harbor-start")).toContain("password: generated-harbor-database-password\n");
  });

  it("makes no password that is given, and treats it as a secret", async () => {
    const settings = exampleSettings({
      listenAddress: "127.0.0.1",
      adminPassword: pulumi.output("Given-1"),
      databasePassword: pulumi.output("Given-2"),
    });
    const harbor = await make("harbor", { settings });
    expect(registered.filter(({ type }) => type.endsWith("Password"))).toEqual([]);
    expect(await settled(harbor.adminPassword)).toEqual({ value: "Given-1", secret: true });
    expect(stdin("harbor-start")).toContain("harbor_admin_password: Given-1\n");
  });

  it("puts an edge before Harbor, which is there before Harbor starts and answers before it is used", async () => {
    const harbor = await make("harbor", { tls });
    expect(await dependencies("harbor-edge-certificate")).toEqual(["harbor-directories-undo-access"]);
    expect(await dependencies("harbor-stop")).toEqual([
      "harbor-directories-undo-access",
      "harbor-edge-network",
      "harbor-edge-certificates",
      "harbor-edge-traefik",
      "harbor-edge-socket-proxy",
      "harbor-edge-certificate",
    ]);
    expect(await dependencies("harbor-start")).toEqual(["harbor-package", "harbor-stop-undo-access"]);
    expect(await dependencies("harbor-edge-health")).toEqual(["harbor-health"]);
    expect(await settled(harbor.url)).toEqual({ value: "https://registry.example.com", secret: false });
    expect(harbor.caCertificate && (await settled(harbor.caCertificate))).toEqual({
      value: ca,
      secret: false,
    });
    expect(stdin("harbor-start")).toContain("# Certificate: sha256 Fingerprint=AB:CD\n");
    expect(stdin("harbor-start")).toContain("name: harbor-cache-edge-0123abcd\n");
    expect(stdin("harbor-edge-health")).toContain(`ca_certificate='${ca}'\n`);
    expect(stdin("harbor-edge-health")).toMatch(/^started='[0-9a-f]{64}'$/m);
  });

  it("waits for what the host has to have ready, and takes the host's own disk", async () => {
    const disk = new pulumi.ComponentResource("test:index:Disk", "disk");
    const dataVolume = {
      device: pulumi.output("/dev/disk/by-id/vol1"),
      fsType: "xfs",
      sizeGiB: 300,
    } as const;
    await make("harbor", { host: { ...host, ready: [disk], dataVolume } });
    expect(await dependencies("harbor-prerequisites")).toEqual(["disk"]);
    for (const step of ["harbor-prerequisites", "harbor-directories"]) {
      expect(stdin(step)).toContain(
        "data_device='/dev/disk/by-id/vol1'\ndata_fs_type='xfs'\ndata_size_gib='300'\n",
      );
    }
  });

  it("is gone with the machine", async () => {
    const instance = new pulumi.ComponentResource("test:index:Instance", "instance");
    await make("harbor", { tls, host: { ...host, deletedWith: instance } });
    const onMachine = made.filter(({ type }) => /^(command|docker):/.test(type));
    expect(onMachine).toHaveLength(12);
    for (const { opts } of onMachine) {
      expect((opts as pulumi.CustomResourceOptions).deletedWith).toBe(instance);
    }
  });

  it("asks for health again whenever Harbor was started anew", async () => {
    await make("one");
    const settings = exampleSettings({ listenAddress: "127.0.0.1", logLevel: "debug" });
    await make("two", { settings });
    await make("three", { settings });
    const started = (name: string) => /^started='([0-9a-f]{64})'$/m.exec(stdin(`${name}-health`))?.[1];
    expect(started("one")).toBeDefined();
    expect(started("two")).not.toBe(started("one"));
  });

  it("warns of plain HTTP on a network, and not on loopback", async () => {
    const warn = vi.spyOn(pulumi.log, "warn").mockImplementation(() => Promise.resolve());
    await make("harbor");
    await make("encrypted", { tls, settings: exampleSettings() });
    expect(warn).not.toHaveBeenCalled();
    await make("open", { settings: exampleSettings() });
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^harbor-cache:tls\.mode is none and Harbor listens on 0\.0\.0\.0: passwords/,
    );
    warn.mockRestore();
  });
});
