import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { fillConfiguration } from "../../../lab/stack-configuration.ts";

test("everything of the moment takes the place of the example's", async () => {
  const example = await readFile(new URL("../../../Pulumi.lab.yaml", import.meta.url), "utf8");
  const nodes = ["a", "b", "c"].map((name) => ({ port: 1000, hostKey: `ssh-ed25519 ${name}` }));
  const filled = fillConfiguration(example, {
    user: "me",
    machine: {
      port: 1001,
      hostKey: "ssh-ed25519 machine",
      installDir: "/lab/install",
      dataDir: "/lab/data",
      httpPort: 1002,
    },
    installer: { url: "file:///lab/harbor.tgz", sha256: "0".repeat(64) },
    upstream: "127.0.0.1:1003",
    image: "127.0.0.1:1003/lab/hello:3",
    nodes,
  });
  // What the example has in their place.
  expect(filled).not.toMatch(/\/srv\/|: 22\d\d$|AAAA|user: lab/m);
  const { config } = parse(filled) as { config: Record<string, unknown> };
  expect(config["harbor-cache:machine"]).toEqual({
    address: "127.0.0.1",
    port: 1001,
    user: "me",
    hostKey: "ssh-ed25519 machine",
    sudo: false,
  });
  expect(config["harbor-cache:registries"]).toMatchObject([
    { name: "127.0.0.1:1003", endpoint: "http://127.0.0.1:1003" },
  ]);
  expect(config["harbor-cache:nodes"]).toMatchObject({
    user: "me",
    verifyPull: { image: "127.0.0.1:1003/lab/hello:3" },
    pools: [{ nodes }],
  });
});
