/** `host-keys` through a jump host. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import {
  address,
  folder,
  hostKeys,
  keys,
  line,
  node,
  output,
  pools,
  ports,
  print,
  stack,
} from "./ssh-hosts.ts";

describe("a jump host", () => {
  const behind = { name: "inner", address: "10.9.9.9" };
  const jump = (more: object = {}) => ({
    ...{ address, port: ports.jump, user: "ops", hostKey: keys.jump.publicKey },
    ...{ privateKey: { secure: "v1:abc" }, ...more },
  });

  test("is logged in at, with its own key, where its host key is known", async () => {
    const { code, stdout, stderr } = await hostKeys(...stack({ jump: jump(), ...pools(behind) }));
    expect(stdout).toBe(
      line("jump host", ports.jump, keys.jump.publicKey) + `# inner\n10.9.9.9 ${keys.one.publicKey}\n`,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^jump host .* known$/m);
    expect(stderr).toMatch(/^inner {6}10\.9\.9\.9:22 .* new$/m);
  });

  test("is not logged in at where its key is new: that one is to be compared first", async () => {
    const inventory = join(folder, "hosts.ini");
    writeFileSync(
      inventory,
      `[kube_node]
inner ansible_host=10.9.9.9 ansible_ssh_common_args='-J ops@${address}:${ports.jump}'
two ansible_host=${address} ansible_port=${ports.two}
`,
    );
    const nodes = {
      ...{ user: "ops", privateKey: { secure: "v1:abc" } },
      pools: [{ name: "workers", inventory: { ansible: { file: inventory, group: "kube_node" } } }],
    };
    const { code, stdout, stderr } = await hostKeys(...stack(nodes), "--output", output);
    expect([code, stdout]).toEqual([1, ""]);
    const first =
      line("jump host", ports.jump, keys.jump.publicKey) + line("two", ports.two, keys.two.publicKey);
    expect(readFileSync(output, "utf8")).toBe(first);
    expect(stderr).toContain(`inner: its jump host ${address}:${ports.jump} is new: compare its key`);

    // Which was done now.
    expect((await hostKeys(...stack(nodes), "--output", output)).code).toBe(0);
    expect(readFileSync(output, "utf8")).toBe(`${first}# inner\n10.9.9.9 ${keys.one.publicKey}\n`);
  });

  test("leads to nodes that are named by hand too, and two nodes of one address have one line", async () => {
    const { code, stdout } = await hostKeys(
      ...stack({ jump: jump(), ...pools(node("dead")) }),
      ...["--nodes", "a=10.9.9.9", "b=10.9.9.9"],
    );
    expect([code, stdout]).toEqual([
      0,
      line("jump host", ports.jump, keys.jump.publicKey) + `# a\n10.9.9.9 ${keys.one.publicKey}\n`,
    ]);
  });

  test("of another network may have the same addresses behind it: the first key stays", async () => {
    const shared = { address, port: ports.two };
    const nodes = {
      user: "ops",
      pools: [
        { name: "outside", nodes: [{ name: "outer", ...shared }] },
        { name: "inside", jump: jump(), nodes: [{ name: "inner", ...shared }] },
      ],
    };
    const { code, stdout, stderr } = await hostKeys(...stack(nodes));
    expect([code, stdout]).toEqual([
      1,
      line("jump host", ports.jump, keys.jump.publicKey) + line("outer", ports.two, keys.two.publicKey),
    ]);
    expect(stderr).toContain(
      `known:  another host of this address has ecdsa-sha2-nistp256 ${print(keys.two)}\n`,
    );
  });

  test("with another key gets no login", async () => {
    const nodes = { jump: jump({ hostKey: keys.other.publicKey }), ...pools(behind) };
    const { code, stdout, stderr } = await hostKeys(...stack(nodes));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("THE HOST KEY OF jump host");
    expect(stderr).toContain(`inner: its jump host ${address}:${ports.jump} is changed`);
  });

  test("that refuses the login is said", async () => {
    const other = generateKeyPair().privateKey;
    const { code, stderr } = await hostKeys(...stack({ jump: jump(), ...pools(behind) }, other));
    expect(code).toBe(1);
    expect(stderr).toContain(`inner: no login at its jump host ${address}:${ports.jump}: `);
    expect(stderr).toContain("permission denied for user ops");
  });
});
