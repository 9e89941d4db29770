import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { workOnNode } from "../../../provider/nodes/node-work.ts";
import type { NodeAnswer } from "../../../provider/nodes/node-work.ts";
import { inputs, shape } from "../../../provider/nodes/pool-inputs.ts";
import { PullVerification } from "../../../provider/nodes/verify-pull.ts";
import { closedPort, NodeStandIn } from "./node-stand-in.ts";

let node: NodeStandIn;
let harbor: NodeStandIn;
const REQUESTS = "/v2/proxy.docker.io/library/hello-world/manifests/";
const LINE = `172.18.0.1 - "GET ${REQUESTS}latest?ns=docker.io HTTP/1.1" 200 525 "-" "cri-o" 0.1 .`;

beforeEach(async () => {
  node = await new NodeStandIn().start();
  harbor = await new NodeStandIn().start();
  mkdirSync(harbor.path("log"));
  writeFileSync(harbor.path("log/proxy.log"), `${LINE}\n`);
  node.program("pull", `echo pull >>${node.folder}/pulls; echo '${LINE}' >>${harbor.path("log/proxy.log")}`);
  node.program("remove", `echo remove >>${node.folder}/pulls; echo "no such image" >&2; exit 1`);
});

afterEach(async () => {
  await node.stop();
  await harbor.stop();
});

function work(changes: Record<string, unknown> = {}, log: Record<string, unknown> = {}): Promise<NodeAnswer> {
  const { address, port, user, privateKey, hostKey } = harbor.target("harbor");
  const pool = inputs.parse({
    nodes: [node.target("n1")],
    files: [{ path: "/node/d/mirror.conf", content: "x" }],
    reloadCommand: "reload",
    dropInDir: "/node/d",
    timeouts: { connect: 2, command: 5, total: 20 },
    verifyPull: {
      image: "docker.io/library/hello-world:latest",
      pullCommand: "pull",
      removeCommand: "remove",
      requests: REQUESTS,
      timeout: 5,
      log: { address, port, user, privateKey, hostKey, path: "/node/log/proxy.log", ...log },
      ...changes,
    },
  });
  const { signal } = new AbortController();
  const [target1] = pool.nodes;
  if (pool.verifyPull === undefined || target1 === undefined) throw new Error("no verification in the pool");
  const verify = new PullVerification(pool.verifyPull, signal, 1);
  return workOnNode(
    pool,
    target1,
    { action: "apply", files: pool.files, gone: new Map(), written: new Map(), mustReload: true, verify },
    signal,
  );
}

test("an image that is seen in Harbor's log proves the node", async () => {
  expect((await work()).did).toBe("applied");
  expect(node.content("pulls")).toBe("remove\npull\nremove\n");
  expect(node.content("d/mirror.conf")).toBe("x");
  // Also where all is there already: the node isn't known to be good.
  expect((await work()).did).toBe("unchanged");
  expect(node.content("pulls")).toBe("remove\npull\nremove\n".repeat(2));
  expect(node.reloads).toBe(1);
  expect(harbor.logins).toBe(2);
});

test("a log that was rotated meanwhile is read from its beginning", async () => {
  appendFileSync(harbor.path("log/proxy.log"), `${LINE}\n`.repeat(50));
  node.program("pull", `echo '${LINE}' >${harbor.path("log/proxy.log")}`);
  expect((await work()).did).toBe("applied");
});

test.each([
  ["no request", "true"],
  ["an answer that isn't good", `echo '${LINE.replace('" 200', '" 404')}' >>LOG`],
  ["another image", `echo '${LINE.replace("hello-world", "hello")}' >>LOG`],
  [
    "the path elsewhere in the line",
    `echo '1 - "GET /x HTTP/1.1" 200 1 "${REQUESTS}" "x ${REQUESTS}"' >>LOG`,
  ],
])(
  "with %s the node is put back",
  async (_what, pull) => {
    node.program("pull", pull.replace("LOG", harbor.path("log/proxy.log")));
    const begun = work();
    await expect(begun).rejects.toThrow(
      /hello-world:latest was pulled, but not through the cache: \/node\/log\/proxy\.log on 127\.0\.0\.1:\d+ shows no request for .*; the old files are back and the runtime was reloaded/,
    );
    expect(existsSync(node.path("d"))).toBe(false);
    expect(node.reloads).toBe(2);
  },
  20_000,
);

test("a failing pull is told with the runtime's words", async () => {
  node.program("pull", "echo 'manifest unknown' >&2; exit 1");
  await expect(work()).rejects.toThrow(
    /could not be pulled by the node's runtime; the old files are back.*\n +manifest unknown$/,
  );
  expect(node.content("d/mirror.conf")).toBeUndefined();
});

test("an image that a pod uses is no proof, and is not pulled", async () => {
  node.program("remove", "echo 'image is in use by a container' >&2; exit 1");
  await expect(work()).rejects.toThrow(
    /choose an image that no pod uses; the old files are back.*\n +image is in use/,
  );
  expect(node.content("pulls")).toBeUndefined();
});

test("a log that can't be read is our error, and undoes the node", async () => {
  await expect(work({}, { path: "/node/log/none" })).rejects.toThrow(
    /access log \/node\/log\/none could not be read, so that nothing is proven: 127\.0\.0\.1:\d+: .*none.*; the old files are back/i,
  );
  await expect(work({}, { port: await closedPort() })).rejects.toThrow(
    /could not be read, so that nothing is proven: 127\.0\.0\.1:\d+: connection refused/,
  );
  expect(node.content("d/mirror.conf")).toBeUndefined();
});

function settings(image = "i"): ConstructorParameters<typeof PullVerification>[0] {
  const given = shape.verifyPull.parse({
    image,
    pullCommand: "p",
    removeCommand: "r",
    requests: `/v2/${image}/manifests/`,
    log: { address: "h", user: "u", hostKey: node.hostKey.public, path: "/log" },
  });
  if (given === undefined) throw new Error("no settings");
  return given;
}

test("nodes have turns, and who waits when all is canceled is not begun", async () => {
  const abort = new AbortController();
  const verify = new PullVerification(settings(), abort.signal);
  const order: string[] = [];
  const first = verify.inTurn(async () => {
    order.push("first begins");
    await Promise.resolve();
    order.push("first ends");
    throw new Error("failed");
  });
  const second = verify.inTurn(() => {
    order.push("second");
    abort.abort();
    return Promise.resolve();
  });
  const third = verify.inTurn(() => Promise.resolve(order.push("third")));
  await expect(first).rejects.toThrow("failed");
  await second;
  await expect(third).rejects.toThrow("canceled");
  expect(order).toEqual(["first begins", "first ends", "second"]);
});

test("pools that roll out at the same time take turns for the same image, and for none else", async () => {
  const { signal } = new AbortController();
  const order: string[] = [];
  const held = Promise.withResolvers<undefined>();
  const workers = new PullVerification(settings(), signal).inTurn(async () => {
    await held.promise;
    order.push("workers");
  });
  const control = new PullVerification(settings(), signal).inTurn(() =>
    Promise.resolve(order.push("control")),
  );
  await new PullVerification(settings("other"), signal).inTurn(() => Promise.resolve(order.push("other")));
  held.resolve(undefined);
  await Promise.all([workers, control]);
  expect(order).toEqual(["other", "workers", "control"]);
});
