import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fingerprint, parseHostKey } from "../../../provider/nodes/host-key.ts";
import { runOverSsh, talkOverSsh } from "../../../provider/nodes/ssh.ts";
import type { SshTarget } from "../../../provider/nodes/ssh-connection.ts";
import { SshError } from "../../../provider/nodes/ssh-error.ts";
import { CLIENT_KEY, closedPort, cuttingRelay, newKey, NodeStandIn, TcpStandIn } from "./node-stand-in.ts";

let node: NodeStandIn;

beforeEach(async () => {
  node = await new NodeStandIn().start();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await node.stop();
});

function target(changes: Partial<SshTarget> = {}): SshTarget {
  return {
    address: "127.0.0.1",
    port: node.port,
    user: "root",
    privateKey: CLIENT_KEY.private,
    hostKey: node.hostKey.public,
    ...changes,
  };
}

function run(to: SshTarget, command = "cat", stdin = "hello", signal = new AbortController().signal) {
  return runOverSsh(to, { command, stdin, timeouts: { connect: 1, total: 5 }, signal });
}

test("a command gets its input and gives output and status back", async () => {
  expect(await run(target(), "cat; echo bad >&2; exit 3")).toEqual({
    status: 3,
    stdout: "hello",
    stderr: "bad",
  });
  const long = "x".repeat(3_000_000);
  expect((await run(target(), "cat", long)).stdout).toHaveLength(long.length);
});

test("stderr keeps its end, stdout has a limit", async () => {
  const { stderr } = await run(target(), "head -c 100000 /dev/zero | tr '\\0' x >&2; echo the end >&2");
  expect([stderr.length, stderr.endsWith("the end")]).toEqual([4095, true]);
  await expect(run(target(), "head -c 5000000 /dev/zero")).rejects.toThrow("printed more than 4194304 bytes");
});

test("a command that takes too long is given up", async () => {
  const endless = runOverSsh(target(), {
    command: "exec sleep 3",
    stdin: "",
    timeouts: { connect: 1, total: 1 },
    signal: new AbortController().signal,
  });
  await expect(endless).rejects.toThrow(/gave up after 1 s in all, while the command was still running/);
});

describe("the host key", () => {
  test("another one is refused before anything is sent, and not tried again", async () => {
    const other = newKey();
    const shown = fingerprint(parseHostKey(node.hostKey.public).blob);
    const expected = fingerprint(parseHostKey(other.public).blob);
    await expect(run(target({ hostKey: other.public }))).rejects.toThrow(
      `127.0.0.1:${node.port}: presents the host key ${shown}, expected ${expected}; nothing was sent`,
    );
    expect(node.commands).toEqual([]);
  });

  test("of several the pinned type is asked for", async () => {
    const ecdsa = newKey("ecdsa");
    const both = await new NodeStandIn([newKey(), ecdsa]).start();
    try {
      expect((await run(target({ port: both.port, hostKey: ecdsa.public }))).status).toBe(0);
    } finally {
      await both.stop();
    }
    await expect(run(target({ hostKey: ecdsa.public }))).rejects.toThrow(
      "has no ecdsa-sha2-nistp256 host key, which is the pinned one",
    );
  });

  test.each([
    "",
    "ssh-dss AAAA",
    "ssh-ed25519",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
    "host ssh-ed25519 AAAA",
  ])("the line '%s' is none", (line) => {
    expect(() => parseHostKey(line)).toThrow(/host key/);
  });
});

describe("the login", () => {
  test("a wrong key is told with the user and tried once", async () => {
    const relay = await cuttingRelay(node.port, []).start();
    const wrong = target({ port: relay.port, privateKey: newKey().private, user: "admin" });
    await expect(run(wrong)).rejects.toThrow(/permission denied for user admin with the private key/);
    expect(relay.connections).toBe(1);
    await relay.stop();
  });

  test("neither key nor agent is an error that says so, a stale agent doesn't matter with a key", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "");
    await expect(run(target({ privateKey: undefined }))).rejects.toThrow(/set privateKey or start an agent/);
    vi.stubEnv("SSH_AUTH_SOCK", "/nonexistent/agent");
    expect((await run(target())).status).toBe(0);
    await expect(run(target({ privateKey: undefined }))).rejects.toThrow(/the keys of the SSH agent/);
  });

  test("an unusable key never shows in the error", async () => {
    const error = await run(target({ privateKey: "SECRET-KEY" })).catch(String);
    expect(error).toMatch(/Cannot parse privateKey/);
    expect(error).not.toContain("SECRET-KEY");
  });
});

describe("the connection", () => {
  test("refused, it is tried three times", async () => {
    await expect(run(target({ port: await closedPort() }))).rejects.toThrow(
      /connection refused; is sshd running there\? \(tried 3 times\)/,
    );
  });

  test.each([
    ["says nothing", () => undefined, "handshake"],
    ["greets and says no more", "SSH-2.0-OpenSSH_9.2\r\n", "handshake"],
  ])("a host that %s is given up in time", async (_what, greeting, phase) => {
    const silent = await new TcpStandIn((socket) => {
      if (typeof greeting === "string") socket.write(greeting);
    }).start();
    const begun = Date.now();
    await expect(run(target({ port: silent.port }))).rejects.toThrow(`gave up after 1 s in the SSH ${phase}`);
    expect(Date.now() - begun).toBeLessThan(3_000);
    expect(silent.connections).toBe(1);
    await silent.stop();
  });

  test("closed before the greeting, it is tried again", async () => {
    const relay = await cuttingRelay(node.port, [1]).start();
    expect((await run(target({ port: relay.port }))).status).toBe(0);
    expect(relay.connections).toBe(2);
    await relay.stop();
  });

  test("canceled while connecting, it ends at once", async () => {
    const silent = await new TcpStandIn(() => undefined).start();
    const abort = new AbortController();
    const operation = run(target({ port: silent.port }), "cat", "", abort.signal);
    abort.abort();
    await expect(operation).rejects.toThrow("canceled");
    expect(silent.connections).toBeLessThan(2);
    await silent.stop();
  });
});

describe("a jump host", () => {
  test("is gone through, each with its own host key", async () => {
    const jump = await new NodeStandIn().start();
    const way = target({ port: jump.port, hostKey: jump.hostKey.public });
    expect((await run(target({ jump: way }))).stdout).toBe("hello");
    await expect(run(target({ jump: { ...way, hostKey: newKey().public } }))).rejects.toThrow(
      /^jump host: 127\.0\.0\.1:\d+: presents the host key/,
    );
    await expect(run(target({ jump: way, hostKey: newKey().public }))).rejects.toThrow(
      /^127\.0\.0\.1:\d+: presents the host key/,
    );
    expect(jump.commands).toEqual([]);
    await jump.stop();
  });

  test("that can't reach the node says so in time", async () => {
    const silent = await new TcpStandIn(() => undefined).start();
    const jump = await new NodeStandIn().start();
    const way = target({ port: jump.port, hostKey: jump.hostKey.public });
    await expect(run(target({ port: silent.port, jump: way }))).rejects.toThrow(/gave up after 1 s/);
    await silent.stop();
    await jump.stop();
  });
});

describe("a conversation", () => {
  const limits = (total = 5) => ({ timeouts: { connect: 1, total }, signal: new AbortController().signal });

  test("goes by turns, and its end is the end of the command's input", async () => {
    const told = await talkOverSsh(target(), "sh -s", limits(), async (conversation) => {
      const first = await conversation.ask("printf 'one\\n#e'; sleep 0.1; echo nd first\n");
      const second = await conversation.ask("echo '#end second'\n");
      return [first, second, await conversation.end("echo '#end third'; echo more; exit 3\n")];
    });
    expect(told).toEqual([
      { stdout: "one\n#end first\n" },
      { stdout: "#end second\n" },
      { status: 3, stdout: "#end third\nmore\n", stderr: "" },
    ]);
    await talkOverSsh(target(), `cat; touch ${node.path("ended")}`, limits(), (conversation) =>
      conversation.ask("#end x\n"),
    );
    await expect.poll(() => node.content("ended")).toBe("");
  });

  test("a command that ends instead of answering is no answer", async () => {
    const answer = await talkOverSsh(target(), "sh -s", limits(), (conversation) =>
      conversation.ask("echo a; echo b >&2; exit 4\n"),
    );
    expect(answer).toEqual({ stdout: "a\n", ended: { status: 4, stdout: "a\n", stderr: "b" } });
  });

  test("is given up in time", async () => {
    const silence = talkOverSsh(target(), "sh -s", limits(1), (conversation) => conversation.ask("echo x\n"));
    await expect(silence).rejects.toThrow("gave up after 1 s in all");
  });

  test("is repeated from its beginning when the connection breaks, and not for what it throws itself", async () => {
    const relay = await cuttingRelay(node.port, [10_000]).start();
    let begun = 0;
    const whole = await talkOverSsh(target({ port: relay.port }), "sh -s", limits(), async (conversation) => {
      begun++;
      await conversation.ask("echo '#end one'\n");
      return await conversation.ask(`: ${"x".repeat(20_000)}\necho '#end two'\n`);
    });
    expect([begun, whole.stdout]).toEqual([2, "#end two\n"]);
    const failing = talkOverSsh(target(), "sh -s", limits(), () => {
      begun++;
      throw new Error("mine");
    });
    await expect(failing).rejects.toThrow("mine");
    expect(begun).toBe(3);
    await relay.stop();
  });
});

describe("what failed is known:", () => {
  const failure = async (to: SshTarget): Promise<SshError> => {
    const error = await run(to).catch((reason: unknown) => reason);
    if (!(error instanceof SshError)) throw new Error(`no SshError but ${String(error)}`);
    return error;
  };

  test("a busy sshd that drops connections is tried more often", async () => {
    const busy = await cuttingRelay(node.port, [1, 1, 1, 1]).start();
    const slow = {
      command: "cat",
      stdin: "x",
      timeouts: { connect: 20, total: 60 },
      signal: new AbortController().signal,
    };
    vi.spyOn(Math, "random").mockReturnValue(-0.4);
    expect((await runOverSsh(target({ port: busy.port }), slow)).stdout).toBe("x");
    expect(busy.connections).toBe(5);
    await busy.stop();
    vi.restoreAllMocks();
  });

  test("a machine that can't be reached, from one that doesn't let us in", async () => {
    const silent = await new TcpStandIn(() => undefined).start();
    const dropping = await new TcpStandIn((socket) => socket.destroy()).start();
    const jump = { ...target(), port: await closedPort() };
    const unreachable = [
      target({ port: await closedPort() }),
      target({ port: silent.port }),
      target({ port: dropping.port }),
      target({ address: "no-such-host.invalid" }),
      target({ jump }),
      target({ port: await closedPort(), jump: target() }),
    ];
    for (const to of unreachable)
      expect(await failure(to)).toMatchObject({ unreachable: true, reached: false });
    const refusing = [
      target({ hostKey: newKey().public }),
      target({ privateKey: newKey().private }),
      target({ jump: target({ hostKey: newKey().public }) }),
      target({ privateKey: "nonsense" }),
    ];
    for (const to of refusing)
      expect(await failure(to)).toMatchObject({ unreachable: false, reached: false });
    await silent.stop();
    await dropping.stop();
  });
});
