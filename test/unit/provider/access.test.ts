import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { access } from "../../../provider/host/access.ts";
import type { ResourceContext } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import { CLIENT_KEY, closedPort, newKey, NodeStandIn, TcpStandIn } from "../nodes/node-stand-in.ts";
import { checked, failuresOf, URN } from "./context.ts";

const shown: string[] = [];
const ctx: ResourceContext = {
  harbor() {
    throw new Error("no Harbor is needed here");
  },
  log(_severity, message) {
    shown.push(message);
    return Promise.resolve();
  },
  signal: new AbortController().signal,
};

let machine: NodeStandIn;
beforeEach(async () => {
  shown.length = 0;
  machine = await new NodeStandIn().start();
});
afterEach(() => machine.stop());

function inputs(changes: Properties = {}): Promise<Properties> {
  return checked(access, {
    address: "127.0.0.1",
    port: machine.port,
    user: "ops",
    privateKey: CLIENT_KEY.private,
    hostKey: machine.hostKey.public,
    before: "up",
    connectTimeout: 1,
    patience: 0,
    ...changes,
  });
}

describe("before up", () => {
  test("the machine is logged in to at create and update, and not in a preview or at delete", async () => {
    const wanted = await inputs();
    await access.create(ctx, URN, wanted, true);
    await access.update(ctx, URN, "access", wanted, wanted, wanted, true);
    await access.delete(ctx, URN, "access", wanted, wanted);
    expect(machine.logins).toBe(0);
    expect((await access.create(ctx, URN, wanted, false)).state).toEqual(wanted);
    await access.update(ctx, URN, "access", wanted, wanted, wanted, false);
    expect(machine.logins).toBe(2);
  });

  test("other work is a change in place, the same work is none", async () => {
    const [one, other] = [await inputs({ work: "a" }), await inputs({ work: "b" })];
    expect(access.diff("access", one, one, one).detailed).toEqual({});
    expect(access.diff("access", one, one, other).detailed).toEqual({ work: { kind: "update" } });
  });

  test("a server that takes the connection and says nothing is given up", async () => {
    const silent = await new TcpStandIn(() => undefined).start();
    try {
      const failing = access.create(ctx, URN, await inputs({ port: silent.port }), false);
      await expect(failing).rejects.toThrow(
        `the Harbor machine can't be reached: 127.0.0.1:${silent.port}: gave up after 1 s in the SSH handshake; ` +
          "the port is open but no SSH server answers. Nothing was done there.",
      );
    } finally {
      await silent.stop();
    }
  });

  test("another host key is refused at once, whatever the patience", async () => {
    const failing = access.create(ctx, URN, await inputs({ hostKey: newKey().public, patience: 60 }), false);
    await expect(failing).rejects.toThrow(/presents the host key SHA256:.*Nothing was done there\./);
    expect(machine.logins).toBe(0);
  });

  test("a machine that is still booting is tried again", async () => {
    const port = await closedPort();
    const late = new NodeStandIn();
    const reaching = access.create(
      ctx,
      URN,
      await inputs({ port, hostKey: late.hostKey.public, patience: 30 }),
      false,
    );
    await expect.poll(() => shown, { timeout: 10_000 }).not.toEqual([]);
    await late.start(port);
    try {
      await reaching;
      expect(late.logins).toBe(1);
      expect(shown[0]).toContain(`trying again: 127.0.0.1:${port}`);
    } finally {
      await late.stop();
    }
  });
});

describe("before destroy", () => {
  test("the machine is tried at delete only, and a dead one stops it with a way out", async () => {
    const wanted = await inputs({ before: "destroy" });
    await access.create(ctx, URN, wanted, false);
    expect(machine.logins).toBe(0);
    await access.delete(ctx, URN, "access", wanted, wanted);
    expect(machine.logins).toBe(1);
    const dead = await inputs({ before: "destroy", port: await closedPort() });
    await expect(access.delete(ctx, URN, "access", dead, dead)).rejects.toThrow(
      /can't be reached: .* Nothing was removed there\. If it is gone for good, .*pulumi state delete/,
    );
  });
});

test("inputs are checked offline, and keys are not quoted", async () => {
  const wanted = {
    address: "a b",
    user: "",
    hostKey: "nonsense",
    before: "later",
    privateKey: "-----BEGIN KEY-----",
  };
  const failures = await failuresOf(access, wanted);
  expect(failures.map((failure) => failure.split(":")[0])).toEqual([
    "address",
    "user",
    "privateKey",
    "hostKey",
    "before",
  ]);
  expect(failures.join()).not.toContain("BEGIN KEY");
});
