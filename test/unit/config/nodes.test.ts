import { describe, expect, test } from "vitest";
import type { PoolSettings } from "../../../config/settings.ts";
import { errorsOf, hostKey, poolDefaults, rsaKey, settingsOf, valid, type Tree } from "./valid.ts";

function poolsOf(nodes: Tree): readonly PoolSettings[] {
  return settingsOf({ ...valid(), nodes }).pools;
}

function wrong(nodes: unknown): string[] {
  return errorsOf({ ...valid(), nodes }).map((line) => line.replace("harbor-cache:nodes", ""));
}

/** A pool of nodes at these addresses. */
function pool(name: string, ...addresses: string[]): Tree {
  return { name, nodes: addresses.map((address) => ({ address, hostKey })) };
}

const bastion = { address: "bastion.example.com", user: "ops", hostKey };

describe("settings flow from all pools to the pool to the node", () => {
  test("each overrides what stands above it", () => {
    const [first, second] = poolsOf({
      user: "ops",
      port: 2222,
      jump: bastion,
      rollout: { parallel: 3, maxFailed: "5%" },
      timeouts: { connect: 5 },
      reloadCommand: "true",
      pools: [
        {
          name: "a",
          port: 2223,
          timeouts: { total: 60 },
          certsDir: "/a/certs.d",
          nodes: [
            { address: "10.0.0.1", hostKey },
            {
              name: "two",
              address: "10.0.0.2",
              hostKey: `${hostKey} a comment`,
              user: "root",
              port: 22,
              jump: { ...bastion, port: 1 },
            },
          ],
        },
        { ...pool("b", "2001:db8::1"), rollout: { parallel: 1, canary: 0 }, user: "root" },
      ],
    });
    expect(first).toEqual({
      name: "a",
      ...poolDefaults,
      nodes: [
        {
          name: "10.0.0.1",
          address: "10.0.0.1",
          port: 2223,
          user: "ops",
          hostKey,
          jump: { ...bastion, port: 22 },
        },
        { name: "two", address: "10.0.0.2", port: 22, user: "root", hostKey, jump: { ...bastion, port: 1 } },
      ],
      certsDir: "/a/certs.d",
      reloadCommand: "true",
      rollout: { canary: 1, wave: "25%", pause: 10, maxFailed: "5%", parallel: 3 },
      timeouts: { connect: 5, command: 60, total: 60 },
    });
    expect(second).toMatchObject({
      sudo: false,
      rollout: { canary: 0, wave: "25%", maxFailed: "5%", parallel: 1 },
      nodes: [{ user: "root", port: 2222 }],
    });
  });

  test("sudo is left out for root alone, and can be said", () => {
    expect(poolsOf({ user: "root", sudo: true, pools: [pool("a", "10.0.0.1")] })[0]?.sudo).toBe(true);
    expect(
      poolsOf({ user: "ops", sudo: true, pools: [{ ...pool("a", "10.0.0.1"), sudo: false }] })[0]?.sudo,
    ).toBe(false);
  });

  test("a user must come from somewhere; it is asked for once", () => {
    expect(
      wrong({ pools: [{ ...pool("a", "10.0.0.1"), user: "ops" }, pool("b", "10.0.0.2", "10.0.0.3")] }),
    ).toEqual([".user: is missing, and harbor-cache:nodes.pools[1].nodes[0] has none; for example: ubuntu"]);
  });
});

test.each([
  [
    "docker",
    "can't use this cache: dockerd mirrors Docker Hub only, and only at a host's root, where Harbor's projects are not; use cri-o",
  ],
  [
    "talos",
    "has no files to be edited over SSH: leave the pool out, and make render WHAT=talos prints what it takes",
  ],
  [
    "openshift",
    "has no files to be edited over SSH: leave the pool out, and make render WHAT=openshift prints what it takes",
  ],
  ["crio", "is not known; did you mean cri-o?"],
  ["kata", "is not known; one of: cri-o, podman, containerd, k3s, rke2"],
])("runtime %s is refused", (runtime, problem) => {
  expect(wrong({ user: "ops", runtime, pools: [pool("a", "10.0.0.1")] })).toEqual([
    `.runtime: "${runtime}" ${problem}`,
  ]);
});

test.each([
  ["wave", "101%", '"101%" must be a number of nodes, or a part of them from 1% to 100%; for example: 25%'],
  ["wave", "all", '"all" must be a number of nodes, or a part of them from 1% to 100%; for example: 25%'],
  ["wave", 0, "0 must be a whole number from 1 to 10000; for example: 25%"],
  ["wave", 1.5, "1.5 must be a whole number from 1 to 10000; for example: 25%"],
  ["maxFailed", -1, "-1 must be a whole number from 0 to 10000; for example: 10%"],
  ["canary", "worker-1", '"worker-1" must be a number of nodes or a list of their names; for example: 1'],
])("rollout.%s: %j is refused", (key, value, problem) => {
  expect(wrong({ user: "u", rollout: { [key]: value }, pools: [pool("a", "n")] })).toEqual([
    `.rollout.${key}: ${problem}`,
  ]);
});

test.each(["node-1", "Node.Example.com", "10.0.0.1", "2001:db8::1", "fe80::1"])("address %s", (address) => {
  expect(wrong({ user: "ops", pools: [pool("a", address)] })).toEqual([]);
});

test.each([
  ["ssh://node", "must be a host name or an IP address: leave the scheme out"],
  ["ops@node", "must be a host name or an IP address: the user is a setting of its own"],
  ["node:22", "must have no port: that is a setting of its own"],
  ["[::1]", "must be an IPv6 address without brackets"],
  ["fe80::1%eth0", "must have no zone behind a %"],
  ["10.0.0", "is neither a host name nor an IP address"],
  ["a b", "is neither a host name nor an IP address"],
])("address %s is refused", (address, problem) => {
  expect(wrong({ user: "u", pools: [pool("a", address)] })).toEqual([
    `.pools[0].nodes[0].address: ${JSON.stringify(address.replace("ops@", "…@"))} ${problem}; for example: node-1.example.com, 10.0.0.11 or 2001:db8::11`,
  ]);
});

describe("host keys", () => {
  const said = (key: string): string =>
    (wrong({ user: "u", pools: [{ name: "a", nodes: [{ address: "n", hostKey: key }] }] })[0] ?? "")
      .replace(/^.*?hostKey: ("[^"]*" )?/, "")
      .replace(/; for example.*/, "");
  const ecdsa =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKGR6RmMpXQ9+CQjtUE6wXPQrFVk3ySXz7/2iYKlPCL4WSBm3dAlrHVSkzdTU8VzxuyFZnRGXOjXLmOX7eCwQTc=";

  test("of every present algorithm", () => {
    for (const key of [hostKey, ecdsa, rsaKey, `  ${hostKey}   root@node\n`]) expect(said(key)).toBe("");
  });

  test.each([
    [`node ${hostKey}`, "has a host in front: leave it out, the key begins with its algorithm"],
    [
      hostKey.replace("ed25519", "dss"),
      "must begin with its algorithm, one of ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa",
    ],
    [hostKey.replace("ssh-ed25519", "ssh-rsa"), "names another algorithm than the key inside it has"],
    [hostKey.slice(0, -8), "is cut off or mistyped: the text behind the algorithm can't be read"],
    [
      hostKey.replace("AAAAIC", "AAAAI_"),
      "is cut off or mistyped: the text behind the algorithm can't be read",
    ],
    [`${hostKey}\n${hostKey}`, "must be one line"],
    [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAQE=",
      "is cut off or mistyped: the key inside it has the wrong length",
    ],
    ["ssh-ed25519", "is cut off or mistyped: the text behind the algorithm can't be read"],
    [
      "__proto__ AAAA",
      "must begin with its algorithm, one of ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa",
    ],
  ])("%j is refused", (key, problem) => {
    expect(said(key)).toBe(problem);
  });
});

describe("conflicts", () => {
  const machine = (first: string): string =>
    `is the same machine as harbor-cache:nodes.pools${first}.address: a node belongs to one pool, once`;

  test("a node twice, however it is written", () => {
    expect(wrong({ user: "u", pools: [pool("a", "10.0.0.1"), pool("b", "10.0.0.2", "10.0.0.1")] })).toEqual([
      `.pools[1].nodes[1].address: ${machine("[0].nodes[0]")}`,
    ]);
    expect(wrong({ user: "u", pools: [pool("a", "2001:db8::1", "2001:DB8:0::1", "N", "n")] })).toEqual([
      `.pools[0].nodes[1].address: ${machine("[0].nodes[0]")}`,
      `.pools[0].nodes[3].address: ${machine("[0].nodes[2]")}`,
    ]);
  });

  test("but not another port, nor another network behind another jump host", () => {
    const at = (name: string, more: Tree): Tree => ({ name, address: "10.0.0.1", hostKey, ...more });
    const jump = (address: string): Tree => ({ jump: { ...bastion, address } });
    expect(
      wrong({ user: "u", pools: [{ name: "a", nodes: [at("a", { port: 1 }), at("b", { port: 2 })] }] }),
    ).toEqual([]);
    expect(
      wrong({ user: "u", pools: [{ name: "a", nodes: [at("a", jump("x")), at("b", jump("y"))] }] }),
    ).toEqual([]);
  });

  test("two of one name", () => {
    const named = (name: string, address: string): Tree => ({ name, address, hostKey });
    expect(
      wrong({ user: "u", pools: [pool("a", "h"), { name: "a", nodes: [named("n", "i"), named("n", "j")] }] }),
    ).toEqual([
      ".pools[1].name: is the same as harbor-cache:nodes.pools[0].name: each pool needs a name of its own",
      ".pools[1].nodes[1].name: is the same as harbor-cache:nodes.pools[1].nodes[0].name: each node needs a name of its own",
    ]);
  });

  test("a jump host that is the node itself, and times that don't fit", () => {
    expect(
      wrong({ user: "u", jump: bastion, timeouts: { total: 30 }, pools: [pool("a", "Bastion.example.com")] }),
    ).toEqual([
      ".pools[0].nodes[0].jump: is the machine itself: leave it out, or give the host that leads there",
      ".pools[0].timeouts.total: must be no less than connect and command; for example: 180",
    ]);
  });
});

test("every level is checked for itself", () => {
  expect(
    wrong({
      usr: "ops",
      pools: [
        "workers",
        { name: "Workers", nodes: [] },
        { nodes: { a: 1 } },
        {
          name: "w",
          rolout: {},
          nodes: [7, { address: "10.0.0.1", hostKey, sudo: true }, { name: "a b", address: "h", hostKey }],
        },
        {
          ...pool("v", "i"),
          rollout: { parallel: 0, wave: "25 %", maxFailed: "0%", canary: [7] },
          dropInDir: "etc/../x",
          checkCommand: "a\nb",
          timeouts: { connect: 1.5 },
        },
      ],
    }),
  ).toEqual([
    ".usr: is no setting; did you mean user?",
    '.pools[0]: "workers" must be a mapping, but is text; for example: { name: workers, nodes: [{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }] }',
    '.pools[1].name: "Workers" must be lower-case letters, digits and -; for example: workers',
    ".pools[1].nodes: must have a node, or leave the pool out",
    ".pools[2].name: is missing; for example: workers",
    ".pools[2].nodes: must be a list, but is a mapping; for example: [{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }]",
    ".pools[3].rolout: is no setting; did you mean rollout?",
    ".pools[3].nodes[0]: 7 must be a mapping, but is a number; for example: { address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }",
    ".pools[3].nodes[1].sudo: is no setting; known here: name, address, hostKey, user, port, privateKey, jump",
    '.pools[3].nodes[2].name: "a b" must be letters, digits and . _ - :; for example: node-1',
    '.pools[4].dropInDir: "etc/../x" must be an absolute path; for example: /etc/containers/registries.conf.d',
    ".pools[4].checkCommand: must be one line and not empty; for example: systemctl is-active --quiet crio",
    ".pools[4].rollout.canary: must be a number of nodes or a list of their names; for example: 1",
    '.pools[4].rollout.wave: "25 %" must be a number of nodes, or a part of them from 1% to 100%; for example: 25%',
    '.pools[4].rollout.maxFailed: "0%" must be a number of nodes, or a part of them from 1% to 100%; for example: 10%',
    ".pools[4].rollout.parallel: 0 must be a whole number from 1 to 500; for example: 10",
    ".pools[4].timeouts.connect: 1.5 must be a whole number from 1 to 3600; for example: 10",
  ]);
});
