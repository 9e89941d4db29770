/** What `host-keys` prints and writes, and what it refuses. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
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

describe("a first review", () => {
  test("prints lines of known_hosts, and beside them a table with how to compare", async () => {
    const { code, stdout, stderr } = await hostKeys(...stack(pools(node("one"), node("two"))));
    expect(stdout).toBe(
      line("one", ports.one, keys.one.publicKey) + line("two", ports.two, keys.two.publicKey),
    );
    expect(code).toBe(0);
    expect(stderr.split("\n").map((row) => row.split(/ {2,}/))).toEqual(
      expect.arrayContaining([
        ["one", `${address}:${ports.one}`, "ssh-ed25519", print(keys.one), "new"],
        ["two", `${address}:${ports.two}`, "ecdsa-sha2-nistp256", print(keys.two), "new"],
      ]),
    );
    expect(stderr).toContain("  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n");
    expect(stderr).toContain("  ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub\n");
  });

  test("writes them, and later what is new only", async () => {
    writeFileSync(output, "github.com ssh-ed25519 AAAA", { mode: 0o600 });
    const first = await hostKeys(...stack(pools(node("one"))), "--output", output);
    expect([first.code, first.stdout]).toEqual([0, ""]);
    const before = `github.com ssh-ed25519 AAAA\n${line("one", ports.one, keys.one.publicKey)}`;
    expect(readFileSync(output, "utf8")).toBe(before);
    expect(statSync(output).mode & 0o777).toBe(0o644);
    expect(existsSync(`${output}.harbor-cache-new`)).toBe(false);

    const second = await hostKeys(...stack(pools(node("one"), node("two"))), "--output", output);
    expect(second.code).toBe(0);
    expect(second.stderr).toMatch(/^one .* known$/m);
    expect(second.stderr).toMatch(/^two .* new$/m);
    expect(readFileSync(output, "utf8")).toBe(before + line("two", ports.two, keys.two.publicKey));
  });

  test("a node that doesn't answer is named, and the others are written all the same", async () => {
    const { code, stderr } = await hostKeys(...stack(pools(node("dead"), node("two"))), "--output", output);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^dead .* unreached$/m);
    expect(stderr).toContain(`dead: ${address}:${ports.dead}: connection refused; is sshd running there?`);
    expect(readFileSync(output, "utf8")).toBe(line("two", ports.two, keys.two.publicKey));
  });

  test("for programs", async () => {
    const { code, stdout } = await hostKeys(
      "--nodes",
      `one=${address}:${ports.one}`,
      `dead=${address}:${ports.dead}`,
      "--json",
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      hosts: [
        {
          ...{ name: "one", address, port: ports.one, standing: "new" },
          ...{ hostKey: keys.one.publicKey, fingerprint: print(keys.one) },
        },
        {
          ...{ name: "dead", address, port: ports.dead, standing: "unreached" },
          problem: expect.stringContaining("connection refused") as string,
        },
      ],
    });
  });
});

describe("another key than the known one", () => {
  test("in the file is never replaced", async () => {
    const before = line("one", ports.one, keys.other.publicKey);
    writeFileSync(output, before);
    const { code, stderr } = await hostKeys(...stack(pools(node("one"), node("two"))), "--output", output);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `!!! THE HOST KEY OF one (${address}:${ports.one}) IS ANOTHER ONE\n` +
        `      known:  ${output}:2 has ssh-ed25519 ${print(keys.other)}\n` +
        `      shown:  ssh-ed25519 ${print(keys.one)}\n`,
    );
    expect(readFileSync(output, "utf8")).toBe(before + line("two", ports.two, keys.two.publicKey));
  });

  test("in the configuration is neither printed nor written", async () => {
    const nodes = pools(node("one", { hostKey: keys.other.publicKey }));
    const { code, stdout, stderr } = await hostKeys(...stack(nodes));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`      known:  the configuration has ssh-ed25519 ${print(keys.other)}\n`);
    await hostKeys(...stack(nodes), "--output", output);
    expect(existsSync(output)).toBe(false);
  });

  test("of another kind counts too, and a revoked one", async () => {
    writeFileSync(
      output,
      `[${address}]:${ports.two} ${keys.other.publicKey}\n@revoked * ${keys.one.publicKey}\n`,
    );
    const { code, stderr } = await hostKeys(...stack(pools(node("one"), node("two"))), "--output", output);
    expect(code).toBe(1);
    expect(stderr).toContain(`known:  ${output}:1 has ssh-ed25519 ${print(keys.other)}\n`);
    expect(stderr).toContain(`known:  ${output}:2 revokes it\n`);
  });

  test("in the file that the settings name counts as well, and what is known there is known", async () => {
    const knownHosts = join(folder, "reviewed");
    const reviewed = line("x", ports.one, keys.one.publicKey) + line("x", ports.two, keys.other.publicKey);
    writeFileSync(knownHosts, reviewed);
    const nodes = { ...pools(node("one"), node("two")), knownHosts };
    const { code, stdout, stderr } = await hostKeys(...stack(nodes));
    expect([code, stdout]).toEqual([1, line("one", ports.one, keys.one.publicKey)]);
    expect(stderr).toMatch(/^one .* known$/m);
    expect(stderr).toContain(`known:  ${knownHosts}:4 has ssh-ed25519 ${print(keys.other)}\n`);
    const second = await hostKeys(...stack(nodes), "--output", knownHosts);
    expect(second.code).toBe(1);
    expect(readFileSync(knownHosts, "utf8")).toBe(reviewed);
  });
});

describe("wrong arguments", () => {
  test.each([
    [[], 2, "error: which nodes? --stack or --nodes"],
    [["--stack", ""], 2, "which stack?"],
    [["--nodes", "10.0.0.1"], 2, "wanted: NAME=ADDRESS"],
    [["--nodes", "one=10.0.0.1:0"], 2, "wanted: NAME=ADDRESS"],
    [["--nodes", "one=ops@10.0.0.1"], 2, "wanted: NAME=ADDRESS"],
    [["--stack", "nowhere"], 1, "the configuration of the stack nowhere can't be read from "],
  ])("%j is %i: %s", async (args, wanted, message) => {
    const { code, stdout, stderr } = await hostKeys(...args);
    expect([code, stdout]).toEqual([wanted, ""]);
    expect(stderr).toContain(message);
  });

  test("a configuration without nodes, with wrong ones, or with those of AWS", async () => {
    const said = async (nodes: object) => {
      const { code, stdout, stderr } = await hostKeys(...stack(nodes));
      expect([code, stdout]).toEqual([1, ""]);
      return stderr;
    };
    expect(await said({})).toContain("has no nodes; --nodes names them by hand");
    expect(await said(pools({ address: "ops@10.0.0.1" }))).toContain(
      "harbor-cache:nodes.pools[0].nodes[0].address: ",
    );
    const inventory = { aws: { tags: { Role: "worker" } } };
    expect(await said({ pools: [{ name: "workers", inventory }] })).toContain(
      "nodes of AWS can be asked for by a running program only; name them by hand",
    );
  });
});
