import { createHmac, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { KnownHosts } from "../../../../config/inventory/known-hosts.ts";
import { rsaKey } from "../valid.ts";

/** A key of its own by each number. */
const key = (n: number): string =>
  `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, n)]).toString("base64")}`;

function hashed(host: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(host).digest("base64")}`;
}

const known = (...lines: string[]): KnownHosts => new KnownHosts(lines.join("\n"), "known_hosts");

test.each<[string, string, number, string?]>([
  ["node-1", "node-1", 22],
  ["other,node-1,10.0.0.1", "10.0.0.1", 22],
  ["Node-1", "node-1", 22],
  ["[node-1]:2222", "node-1", 2222],
  // As ssh does, where nothing is known of the port.
  ["node-1", "node-1", 2222],
  ["[2001:db8::1]:2222", "2001:db8::1", 2222],
  ["2001:db8::1", "2001:db8::1", 22],
  ["*.example.com", "a.example.com", 22],
  ["node-?", "node-1", 22],
  ["*,!node-2", "node-1", 22],
  [hashed("node-1"), "node-1", 22],
  [hashed("[node-1]:2222"), "node-1", 2222],
  ["worker-1", "10.0.0.1", 22, "worker-1"],
])("%s knows %s at %d", (hosts, address, port, name = "n") => {
  expect(known("# a comment", "", `${hosts} ${key(1)} a comment`).keyOf(address, port, name)).toEqual({
    key: key(1),
  });
});

test.each([
  ["[node-1]:2222", "node-1", 22],
  ["[node-1]:2223", "node-1", 2222],
  ["*,!node-1", "node-1", 22],
  ["node-10", "node-1", 22],
  ["a.b", "axb", 22],
  [hashed("node-2"), "node-1", 22],
])("%s doesn't know %s at %d", (hosts, address, port) => {
  expect(known(`${hosts} ${key(1)}`).keyOf(address, port, address)).toBeUndefined();
});

test("the best of several keys is taken, whatever their order", () => {
  expect(known(`h ${rsaKey}`, `h ${key(1)}`).keyOf("h", 22, "h")).toEqual({ key: key(1) });
  expect(
    known(`h ${rsaKey}`, `h ssh-dss AAAA`, "h", "@marker h ssh-ed25519 AAAA").keyOf("h", 22, "h"),
  ).toEqual({ key: rsaKey });
});

test("the port's own key comes before the host's, the address before the name", () => {
  const file = known(`h ${key(1)}`, `[h]:2222 ${key(2)}`, `n ${key(3)}`);
  expect(file.keyOf("h", 2222, "n")).toEqual({ key: key(2) });
  expect(file.keyOf("h", 22, "n")).toEqual({ key: key(1) });
});

describe("what is no key to trust", () => {
  test("a revoked one", () => {
    expect(known(`h ${key(1)}`, `@revoked * ${key(1)}`).keyOf("h", 22, "h")).toEqual({
      problem: "its key, at known_hosts:1, is revoked at known_hosts:2",
    });
    expect(known(`h ${key(1)}`, `h ${key(2)}`, `@revoked h ${key(1)}`).keyOf("h", 22, "h")).toEqual({
      key: key(2),
    });
    expect(known(`h ${key(1)}`, `@revoked other ${key(1)}`).keyOf("h", 22, "h")).toEqual({ key: key(1) });
  });

  test("a certificate authority's", () => {
    expect(known(`@cert-authority *.example.com ${key(1)}`).keyOf("a.example.com", 22, "n")?.problem).toMatch(
      /^known_hosts:1 knows its CA only/,
    );
    expect(known(`@cert-authority * ${key(1)}`, `h ${key(2)}`).keyOf("h", 22, "h")).toEqual({ key: key(2) });
  });

  test("two of one kind, but not the same one twice", () => {
    expect(known(`h ${key(1)}`, `h,i ${key(2)}`).keyOf("h", 22, "h")?.problem).toBe(
      "it has two keys of one kind, at known_hosts:1 and known_hosts:2: take the old one out",
    );
    expect(known(`h ${key(1)}`, `i,h ${key(1)}`).keyOf("h", 22, "h")).toEqual({ key: key(1) });
  });
});
