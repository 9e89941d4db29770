import { expect, test } from "vitest";
import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { tryPoolInputs } from "../../../provider/nodes/pool-inputs.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { CLIENT_KEY, newKey } from "./node-stand-in.ts";

const DROP_IN = "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf";
const hostKey = newKey().public;

function node(changes: Record<string, Value> = {}): Record<string, Value> {
  return {
    name: "n1",
    address: "10.0.0.1",
    user: "root",
    privateKey: CLIENT_KEY.private,
    hostKey,
    ...changes,
  };
}

function inputs(changes: Record<string, Value> = {}): Properties {
  return { nodes: [node()], files: [{ path: DROP_IN, content: "" }], reloadCommand: "true", ...changes };
}

async function failures(wrong: Properties) {
  return (await mirrorPool.check(undefined, wrong)).failures;
}

test("right inputs pass as they are, without what the engine adds", async () => {
  const right = inputs({ rollout: { maxFailed: 3 }, timeouts: { total: 60 }, sudo: true });
  expect(await mirrorPool.check(undefined, { ...right, applied: null, __internal: "" })).toEqual({
    inputs: right,
    failures: [],
  });
});

test.each<[string, Record<string, Value>, string, RegExp]>([
  ["a misspelled input", { reloadCommand: "x", reloadComand: "x" }, "reloadComand", /mean 'reloadCommand'/],
  ["a bad port", { nodes: [node({ port: 0 })] }, "nodes[0].port", />=1/],
  ["a URL as address", { nodes: [node({ address: "ssh://x" })] }, "nodes[0].address", /host name or an IP/],
  ["a host key of no use", { nodes: [node({ hostKey: "x" })] }, "nodes[0].hostKey", /begins with its type/],
  [
    "a public key as private one",
    { nodes: [node({ privateKey: hostKey })] },
    "nodes[0].privateKey",
    /public key/,
  ],
  ["two nodes of one name", { nodes: [node(), node()] }, "nodes", /node name more than once: n1/],
  ["a relative path", { files: [{ path: "etc/x", content: "" }] }, "files[0].path", /absolute path/],
  [
    "a path that climbs",
    { files: [{ path: "/etc/../x", content: "" }] },
    "files[0].path",
    /without \. and \.\./,
  ],
  ["a path with a quote", { files: [{ path: "/etc/'x", content: "" }] }, "files[0].path", /without quotes/],
  ["a broken drop-in", { files: [{ path: DROP_IN, content: "[" }] }, "files[0].content", /is no TOML/],
  ["a mode in words", { files: [{ path: "/x", content: "", mode: "rw" }] }, "files[0].mode", /octal/],
  [
    "one path twice",
    {
      files: [
        { path: "/x", content: "" },
        { path: "/x", content: "" },
      ],
    },
    "files",
    /path more/,
  ],
  ["a canary that isn't there", { rollout: { canary: ["n1", "n2"] } }, "rollout.canary[1]", /mean 'n1'\?$/],
  ["a part above all", { rollout: { wave: "101%" } }, "rollout.wave", /such as 25%/],
  [
    "a part of a file that is no JSON",
    { files: [{ path: "/x", content: "{", merge: "auth-json" }] },
    "files[0].content",
    /must be JSON/,
  ],
  ["nothing at once", { rollout: { parallel: 0 } }, "rollout.parallel", />=1/],
])("%s is refused", async (_what, changes, property, reason) => {
  expect(await failures(inputs(changes))).toEqual([
    { property, reason: expect.stringMatching(reason) as string },
  ]);
});

test("a bad key is refused without being shown", async () => {
  const [failure] = await failures(inputs({ nodes: [node({ privateKey: "SECRET" })] }));
  expect(failure?.property).toBe("nodes[0].privateKey");
  expect(failure?.reason).toMatch(/no private key that can be used/);
  expect(failure?.reason).not.toContain("SECRET");
});

test("what is unknown is not judged, what is known beside it is", async () => {
  const open = inputs({
    nodes: [node({ address: UNKNOWN, port: 0 })],
    files: [
      { path: DROP_IN, content: "[" },
      { path: "/ca.crt", content: UNKNOWN },
    ],
    reloadCommand: UNKNOWN,
  });
  expect((await failures(open)).map((failure) => failure.property)).toEqual([
    "nodes[0].port",
    "files[0].content",
  ]);
});

test("a node logs in as the pool says where it says nothing itself", async () => {
  const jump = { address: "j", user: "u", hostKey };
  const shared = inputs({
    access: { user: "admin", privateKey: CLIENT_KEY.private, jump },
    nodes: [
      { name: "a", address: "a", hostKey },
      { name: "b", address: "b", hostKey, user: "root", port: 2222 },
    ],
  });
  expect(await failures(shared)).toEqual([]);
  const login = { hostKey, privateKey: CLIENT_KEY.private, jump: { ...jump, port: 22 } };
  expect(tryPoolInputs(shared)?.nodes).toEqual([
    { name: "a", address: "a", user: "admin", port: 22, ...login },
    { name: "b", address: "b", user: "root", port: 2222, ...login },
  ]);
});

test("somebody has to log in", async () => {
  const nobody = inputs({ nodes: [node(), { name: "n2", address: "10.0.0.2", hostKey }] });
  expect(await failures(nobody)).toEqual([
    { property: "nodes[1].user", reason: "is missing, here and in access" },
  ]);
  expect(await failures({ ...nobody, access: { user: "root" } })).toEqual([]);
  expect(await failures({ ...nobody, access: { user: UNKNOWN } })).toEqual([]);
  expect(await failures({ ...nobody, access: UNKNOWN })).toEqual([]);
});
