/** Pools whose nodes come from an inventory, from the stack's settings to the nodes. */
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { listNodes, parseSettings } from "../../../../config/load.ts";
import { lookUp } from "../../../../config/inventory/look-up.ts";
import { readGroups, wantedBy } from "../../../../config/node-groups.ts";
import { Reader, SettingsError } from "../../../../config/problems.ts";
import type { PoolSettings } from "../../../../config/settings.ts";
import { hostKey, rawOf, valid, type Tree } from "../valid.ts";
import { folderWith } from "./folder.ts";

async function poolsOf(nodes: Tree, files: Record<string, string>): Promise<readonly PoolSettings[]> {
  const raw = rawOf({ ...valid(), nodes });
  const groups = readGroups(new Reader("harbor-cache", new Set()), nodes);
  const lookedUp = await lookUp(wantedBy(groups), folderWith(files));
  return parseSettings(raw, new Set(), "harbor-cache", lookedUp).pools;
}

async function wrong(nodes: Tree, files: Record<string, string> = {}): Promise<string[]> {
  try {
    await poolsOf(nodes, files);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map(({ path, message }) => `${path.replace("harbor-cache:nodes", "")}: ${message}`);
  }
  return [];
}

const ansible = { ansible: { file: "hosts.ini", group: "g" } };
const key =
  "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n-----END OPENSSH PRIVATE KEY-----\n";

test("nodes come from the inventory, their keys from known hosts, the rest from the pool", async () => {
  const files = {
    "hosts.ini":
      "[g]\na ansible_host=10.0.0.1 ansible_user=root\nb ansible_host=10.0.0.2 ansible_port=2222\nc ansible_host=10.0.0.3\nd\n",
    known_hosts: `10.0.0.1 ${hostKey}\n[10.0.0.2]:2222 ${hostKey}\nc ${hostKey}\nlisted ${hostKey}\n`,
  };
  const [pool] = await poolsOf(
    {
      user: "ops",
      port: 22022,
      knownHosts: "known_hosts",
      pools: [
        {
          name: "w",
          nodes: [{ address: "listed" }],
          inventory: ansible,
          overrides: { c: { user: "core", port: 1 }, d: { skip: true } },
        },
      ],
    },
    files,
  );
  expect(pool?.nodes).toEqual([
    { name: "listed", address: "listed", port: 22022, user: "ops", hostKey },
    { name: "a", address: "10.0.0.1", port: 22022, user: "root", hostKey },
    { name: "b", address: "10.0.0.2", port: 2222, user: "ops", hostKey },
    { name: "c", address: "10.0.0.3", port: 1, user: "core", hostKey },
  ]);
  expect(pool).not.toHaveProperty("inventory");
});

test("an inventory's key file and jump host are taken where the settings have none", async () => {
  const files = {
    "hosts.ini": "[g]\na ansible_ssh_private_key_file=keys/a ansible_ssh_common_args='-J ops@bastion:2022'\n",
    "keys/a": key,
    known_hosts: `a,[bastion]:2022 ${hostKey}\n`,
  };
  const nodes = { user: "u", knownHosts: "known_hosts", pools: [{ name: "w", inventory: ansible }] };
  const [node] = (await poolsOf(nodes, files))[0]?.nodes ?? [];
  expect(node?.jump).toMatchObject({ address: "bastion", port: 2022, user: "ops", hostKey });
  for (const secret of [node?.privateKey, node?.jump?.privateKey]) {
    expect(secret !== undefined && (await pulumi.isSecret(secret))).toBe(true);
  }
  const jump = { address: "other", user: "x", hostKey };
  const [other] = (await poolsOf({ ...nodes, jump }, files))[0]?.nodes ?? [];
  expect(other?.jump).toEqual({ ...jump, port: 22 });
  expect(await wrong(nodes, { ...files, "keys/a": "no key" })).toEqual([
    expect.stringMatching(
      /^\.pools\[0\]\.inventory\.a\.privateKey: is a file in the inventory, and keys\/a is not a private key.*comes before it$/,
    ),
  ]);
});

describe("all that is wrong is told at once", () => {
  test("with the other settings' errors, with places", async () => {
    const files = {
      "hosts.ini": "[g]\na ansible_connection=local\nb_b ansible_host=x_y\nc\n",
      known_hosts: "",
    };
    expect(
      await wrong(
        {
          user: "u",
          knownHosts: "known_hosts",
          onConflict: "eror",
          pools: [
            { name: "w", inventory: ansible },
            { name: "x", inventory: { ansible: { file: "nowhere.ini", group: "g" } } },
          ],
        },
        files,
      ),
    ).toEqual(['.onConflict: "eror" is not known; did you mean error?']);
    expect(
      await wrong(
        {
          user: "u",
          knownHosts: "nowhere",
          pools: [
            { name: "w", inventory: ansible, timeouts: { total: 1 } },
            { name: "x", inventory: { ansible: { file: "nowhere.ini", group: "g" } } },
          ],
        },
        files,
      ),
    ).toEqual([
      ".pools[0].inventory: hosts.ini:2: ansible_connection is local, and ssh is the only way here (a)",
      '.pools[0].inventory.b_b.address: "x_y" is neither a host name nor an IP address; for example: node-1.example.com, 10.0.0.11 or 2001:db8::11',
      ".pools[1].inventory: nowhere.ini is not there",
      ".knownHosts: nowhere is not there",
      expect.stringMatching(
        /^: lacks the host key of one machine: c; cli\/harbor-cache host-keys --stack NAME --output known_hosts collects /,
      ),
      ".pools[0].timeouts.total: must be no less than connect and command; for example: 180",
    ]);
  });

  test("one error for all missing host keys, with the places of those that have a name", async () => {
    const hosts = Array.from({ length: 25 }, (_, i) => `n${i} ansible_host=10.0.0.${i}`).join("\n");
    const [only, ...more] = await wrong(
      {
        user: "u",
        pools: [{ name: "w", nodes: [{ address: "h", port: 2222 }], inventory: ansible }],
      },
      { "hosts.ini": `[g]\n${hosts}\n` },
    );
    expect(only).toMatch(
      /^: lacks the host keys of 26 machines: h \(h, port 2222\), n0 \(10\.0\.0\.0\), .*n18 \(10\.0\.0\.18\) and 6 more; cli\/harbor-cache host-keys --stack NAME /,
    );
    expect(more).toEqual([]);
  });

  test("revoked keys", async () => {
    expect(
      await wrong(
        { user: "u", knownHosts: "k", pools: [{ name: "w", nodes: [{ address: "h" }] }] },
        { k: `h ${hostKey}\n@revoked * ${hostKey}\n` },
      ),
    ).toEqual([".pools[0].nodes[0].hostKey: of h is not in knownHosts: its key, at k:1, is revoked at k:2"]);
  });

  test("overrides of nodes that aren't there", async () => {
    const pool = { name: "w", nodes: [{ name: "worker-1", address: "h", hostKey }] };
    expect(
      await wrong({
        user: "u",
        pools: [{ ...pool, overrides: { "worker-2": {}, zebra: {}, "worker-1": { prt: 1 } } }],
      }),
    ).toEqual([".pools[0].overrides.worker-1.prt: is no setting; did you mean port?"]);
    expect(
      await wrong({ user: "u", pools: [{ ...pool, overrides: { "worker-2": {}, zebra: {} } }] }),
    ).toEqual([
      ".pools[0].overrides.worker-2: is no node; did you mean worker-1?",
      ".pools[0].overrides.zebra: is no node; known: worker-1",
    ]);
  });

  test("no node at all", async () => {
    const empty = { "hosts.ini": "[g]\n" };
    const pool = (more: Tree): Tree => ({ user: "u", pools: [{ name: "w", ...more }] });
    expect(await wrong(pool({ inventory: ansible }), empty)).toEqual([
      expect.stringMatching(
        /^\.pools\[0\]\.inventory: leaves the pool without a node, and what its nodes had would be/,
      ),
    ]);
    expect(await wrong(pool({ inventory: { ...ansible, allowEmpty: true } }), empty)).toEqual([]);
    expect(
      await wrong(pool({ nodes: [{ address: "h", hostKey }], overrides: { h: { skip: true } } })),
    ).toEqual([expect.stringMatching(/^\.pools\[0\]\.overrides: leaves the pool without a node/)]);
    expect(await wrong(pool({}))).toEqual([
      expect.stringMatching(/^\.pools\[0\]\.nodes: is missing, and so is inventory/),
    ]);
  });

  test("what all of a group have is told once, and of nodes that are left out nothing", async () => {
    const bad = "\n[g:vars]\nansible_connection=local\n";
    const pool = { name: "w", nodes: [{ address: "h", hostKey }], inventory: ansible };
    const files = { "hosts.ini": `[g]\na\nb\nc${bad}` };
    const skip = { skip: true };
    expect(await wrong({ user: "u", pools: [{ ...pool, overrides: { b: skip } }] }, files)).toEqual([
      ".pools[0].inventory: hosts.ini:6: ansible_connection is local, and ssh is the only way here (a, c)",
    ]);
    expect(
      await wrong({ user: "u", pools: [{ ...pool, overrides: { a: skip, b: skip, c: skip } }] }, files),
    ).toEqual([]);
  });

  test("SSH's arguments that can't be followed, unless the settings have a jump host", async () => {
    const pools = [{ name: "w", inventory: ansible, overrides: { a: { hostKey } } }];
    const files = { "hosts.ini": "[g]\na ansible_ssh_common_args='-F ssh-bastion.conf'\n" };
    expect(await wrong({ user: "u", pools }, files)).toEqual([
      expect.stringContaining("hosts.ini:2: these arguments of SSH can't be followed here"),
    ]);
    const jump = { address: "bastion", user: "x", hostKey };
    expect(await wrong({ user: "u", jump, pools }, files)).toEqual([]);
  });

  test("the same machine from two places", async () => {
    const pools = [
      { name: "v", nodes: [{ address: "10.0.0.1", hostKey }] },
      { name: "w", inventory: ansible, overrides: { a: { hostKey } } },
    ];
    expect(await wrong({ user: "u", pools }, { "hosts.ini": "[g]\na ansible_host=10.0.0.1\n" })).toEqual([
      ".pools[1].inventory.a.address: is the same machine as harbor-cache:nodes.pools[0].nodes[0].address: a node belongs to one pool, once",
    ]);
  });

  test.each<[unknown, string]>([
    [{}, "must have one of ansible, kubernetes and aws"],
    [{ ...ansible, kubernetes: {} }, "must have one of ansible, kubernetes and aws"],
    [{ aws: { tags: {} } }, ".aws.tags: must have a tag"],
    [
      { kubernetes: { addressType: "internal" } },
      '.kubernetes.addressType: "internal" is not known; did you mean InternalIP?',
    ],
    [{ ansible: { file: "x", group: "a:b" } }, '.ansible.group: "a:b" must be the name of one group'],
  ])("inventory %j", async (inventory, problem) => {
    const [first, ...more] = await wrong({ user: "u", pools: [{ name: "w", inventory }] });
    expect(first?.replace(".pools[0].inventory", "").replace(/^: /, "")).toContain(problem);
    expect(more).toEqual([]);
  });
});

describe("canaries by name", () => {
  const pools = (first: unknown, second: unknown, shared: unknown = 2): Tree => ({
    user: "u",
    rollout: { canary: shared },
    pools: [first, second].map((canary, i) => ({
      name: `p${i}`,
      nodes: [{ name: `n${i}`, address: `10.0.0.${i}`, hostKey }],
      ...(canary !== undefined && { rollout: { canary } }),
    })),
  });
  const canaries = async (tree: Tree) => (await poolsOf(tree, {})).map(({ rollout }) => rollout.canary);

  test("are of the pool; beside all pools, each takes its own", async () => {
    expect(await canaries(pools(["n0"], undefined))).toEqual([["n0"], 2]);
    expect(await canaries(pools(undefined, 3, ["n0", "n1"]))).toEqual([["n0"], 3]);
    expect(await canaries(pools(undefined, undefined, ["n1"]))).toEqual([1, ["n1"]]);
  });

  test("of no node are refused", async () => {
    expect(await wrong(pools(["n1"], ["n1", "m1"]))).toEqual([
      ".pools[0].rollout.canary[0]: is a node of another pool: name one of this pool",
      ".pools[1].rollout.canary[1]: is no node; did you mean n1?",
    ]);
    expect(await wrong(pools(undefined, undefined, ["n0", "zebra"]))).toEqual([
      ".rollout.canary[1]: is no node; known: n0, n1",
    ]);
  });
});

test("what is wrong beside all pools is told once, where it stands", async () => {
  const pools = ["a", "b"].map((name) => ({ name, nodes: [{ address: name, hostKey }] }));
  const mirrors = [{ prefix: "docker.io", mirrors: [{ location: "m.example.com" }] }];
  const verifyPull = { image: "quay.io/a/b:1" };
  const lines = await wrong({ user: "u", mirrors, verifyPull, pools });
  expect(lines.map((line) => line.split(":")[0])).toEqual([".mirrors[0].prefix", ".verifyPull.image"]);
});

test("a thousand nodes are no burden", async () => {
  const count = 1000;
  const hosts = Array.from({ length: count }, (_, i) => `node${i} ansible_host=10.1.${i >> 8}.${i & 255}`);
  const keys = hosts.map((host) => `${host.split("=")[1] ?? ""} ${hostKey}`);
  const began = performance.now();
  const [pool] = await poolsOf(
    { user: "u", knownHosts: "known_hosts", pools: [{ name: "w", inventory: ansible }] },
    { "hosts.ini": `[g]\n${hosts.join("\n")}\n`, known_hosts: keys.join("\n") },
  );
  expect(pool?.nodes).toHaveLength(count);
  // It takes some 0.1 s; with a square in it, many.
  expect(performance.now() - began).toBeLessThan(3000);
});

test("nodes are listed for those who collect their keys, encrypted secrets left out", async () => {
  const raw = rawOf({
    nodes: {
      user: "u",
      privateKey: { secure: "AAAB" },
      knownHosts: "k",
      jump: { address: "bastion", user: "x", hostKey, privateKey: { secure: "AAAB" } },
      pools: [
        { name: "w", nodes: [{ address: "h" }, { address: "i", hostKey, port: 23 }], inventory: ansible },
      ],
    },
  });
  const folder = folderWith({ "hosts.ini": "[g]\na ansible_host=10.0.0.1\n" });
  const jump = { address: "bastion", port: 22, user: "x", hostKey };
  const node = { pool: "w", user: "u", port: 22, knownHosts: "k", jump };
  expect(await listNodes(raw, folder)).toEqual([
    { ...node, name: "h", address: "h" },
    { ...node, name: "i", address: "i", port: 23, hostKey },
    { ...node, name: "a", address: "10.0.0.1" },
  ]);
  await expect(listNodes(raw, folderWith({}))).rejects.toThrow(
    "nodes.pools[0].inventory: hosts.ini is not there",
  );
});
