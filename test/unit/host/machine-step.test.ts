import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ExistingHost, identityOf } from "../../../components/host/existing-host.ts";
import type { Host } from "../../../components/host/host.ts";
import { machineStep } from "../../../components/host/machine-step.ts";
import { shellQuote } from "../../../components/host/shell.ts";
import { sshConnection } from "../../../components/host/ssh-connection.ts";
import type { ExistingMachine } from "../../../config/settings.ts";
import { recordResources, settled, type Registered } from "../mocks.ts";

let registered: Registered[];
beforeAll(async () => {
  registered = await recordResources();
});
beforeEach(() => {
  registered.length = 0;
});

const machine: ExistingMachine = {
  type: "existing",
  address: "harbor.internal",
  port: 2222,
  user: "ops",
  hostKey: "ssh-ed25519 AAAAC3Nz comment",
  sudo: true,
};

/** A secret as it goes to the engine. */
const sealed = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

describe("ExistingHost", () => {
  it("makes no resource but itself and says which machine it is", async () => {
    const host = new ExistingHost("machine", { machine: { ...machine, privateKey: pulumi.secret("KEY") } });
    expect(host.sudo).toBe(true);
    expect(host.connection).toMatchObject({ host: "harbor.internal", port: 2222 });
    expect(await settled(host.identity)).toEqual({ value: identityOf(machine), secret: false });
    await settled(host.urn);
    expect(registered.map(({ type, name }) => [type, name])).toEqual([
      ["harborcache:components:ExistingHost", "machine"],
    ]);
  });

  it("is another machine with another key or address, and the same with another comment", () => {
    const same = identityOf(machine);
    expect(same).toMatch(/^[0-9a-f]{16}$/);
    expect(identityOf({ ...machine, hostKey: "ssh-ed25519 AAAAC3Nz other" })).toBe(same);
    expect(identityOf({ ...machine, user: "root" })).toBe(same);
    expect(identityOf({ ...machine, hostKey: "ssh-ed25519 BBBBC3Nz" })).not.toBe(same);
    expect(identityOf({ ...machine, port: 22 })).not.toBe(same);
  });
});

describe("sshConnection", () => {
  it("passes no key where the agent has it, and bounds the tries", () => {
    expect(sshConnection(machine)).toEqual({
      host: "harbor.internal",
      port: 2222,
      user: "ops",
      hostKey: "ssh-ed25519 AAAAC3Nz comment",
      dialErrorLimit: 3,
      perDialTimeout: 15,
    });
  });

  it("keeps the keys secret and goes through a jump host", async () => {
    const key = pulumi.output("KEY");
    const jump = { address: "bastion", port: 22, user: "jump", hostKey: "ssh-ed25519 CCCC", privateKey: key };
    const connection = sshConnection({ ...machine, privateKey: key, jump });
    expect(await pulumi.isSecret(pulumi.output(connection.privateKey))).toBe(true);
    expect(connection.proxy).toMatchObject({
      host: "bastion",
      user: "jump",
      hostKey: "ssh-ed25519 CCCC",
      dialErrorLimit: 3,
    });
  });

  it("refuses what the plugin can't do, with the setting's path", () => {
    expect(() => sshConnection({ ...machine, hostKey: "ssh-rsa AAAA" })).toThrow(
      "harbor-cache:machine.hostKey: RSA host keys don't work for the machine's steps. " +
        "Take the ed25519 one: ssh-keyscan -t ed25519 -p 2222 harbor.internal",
    );
    const jump = { address: "a", port: 22, user: "u", hostKey: "ssh-ed25519 A" };
    expect(() => sshConnection({ ...machine, jump: { ...jump, jump } })).toThrow(
      "harbor-cache:machine.jump.jump",
    );
  });
});

describe("machineStep", () => {
  const { address, port, user, hostKey } = machine;
  const host: Host = {
    connection: sshConnection(machine),
    access: { address: pulumi.output(address), port, user, hostKey: pulumi.output(hostKey) },
    identity: pulumi.output("0123abcd"),
    sudo: false,
    ready: [],
  };
  const made: pulumi.ResourceTransformationArgs[] = [];
  const opts: pulumi.CustomResourceOptions = {
    transformations: [
      (args) => {
        made.push(args);
        return undefined;
      },
    ],
  };

  const way = { before: "up", address, port, user, hostKey };

  it("tries the machine first, and runs the same at create and update, with everything on a secret stdin", async () => {
    const { command, done } = machineStep("step", { host, script: "SCRIPT", seconds: 300 }, opts);
    expect(done).toBe(command);
    await settled(command.urn);
    const work = createHash("sha256").update("SCRIPT\ntimeout -k 10 300 sh -s up 0123abcd").digest("hex");
    expect(registered).toMatchObject([
      { type: "harborcache:host:Access", name: "step-access" },
      { type: "command:remote:Command", name: "step" },
    ]);
    expect(registered[0]?.inputs).toEqual({ ...way, work: sealed(work) });
    expect(registered[1]?.inputs).toEqual({
      connection: sealed(sshConnection(machine)),
      create: "timeout -k 10 300 sh -s up 0123abcd",
      update: "timeout -k 10 300 sh -s up 0123abcd",
      stdin: sealed("SCRIPT"),
      logging: "none",
      addPreviousOutputInEnv: false,
    });
    expect(made.at(-1)?.opts).toMatchObject({
      customTimeouts: { create: "420s", update: "420s", delete: "420s" },
      dependsOn: [{ __name: "step-access" }],
    });
  });

  it("undoes through the same script, by sudo where the user isn't root, and tries the machine before", async () => {
    const script = { host: { ...host, sudo: true }, script: "S", seconds: 60, undo: true };
    const { command, done } = machineStep("undoable", script, opts);
    await settled(command.urn);
    await settled(done.urn);
    expect(registered.map(({ name }) => name)).toEqual([
      "undoable-access",
      "undoable",
      "undoable-undo-access",
    ]);
    expect(registered[1]?.inputs).toMatchObject({
      create: "sudo -n timeout -k 10 60 sh -s up 0123abcd",
      delete: "sudo -n timeout -k 10 60 sh -s down",
    });
    expect(registered[2]?.inputs).toEqual({ ...way, before: "destroy", patience: 5 });
    expect(made.at(-1)?.opts).toMatchObject({ dependsOn: [{ __name: "undoable" }] });
  });

  it("dies with the machine that Pulumi made", async () => {
    const instance = new pulumi.ComponentResource("test:test:Instance", "instance");
    const { done } = machineStep(
      "gone",
      { host: { ...host, deletedWith: instance }, script: "S", seconds: 60, undo: true },
      opts,
    );
    await settled(done.urn);
    expect(made.slice(-3).map((args) => args.opts)).toMatchObject(Array(3).fill({ deletedWith: instance }));
  });
});

describe("shellQuote", () => {
  it.each([
    ["plain", "'plain'"],
    ["it's", String.raw`'it'\''s'`],
    ["$(x) `y` \\ \n", "'$(x) `y` \\ \n'"],
    ["", "''"],
  ])("%j", (text, quoted) => {
    expect(shellQuote(text)).toBe(quoted);
  });

  it("refuses what no shell word can hold", () => {
    expect(() => shellQuote("a\0b")).toThrow("NUL");
  });
});
