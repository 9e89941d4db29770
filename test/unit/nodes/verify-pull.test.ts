import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cachedAs, pullCommands, verifyPull } from "../../../components/nodes/verify-pull.ts";
import { registry } from "./example-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "verify-pull-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const registries = [
  registry("docker.io"),
  registry("registry.k8s.io", { project: "proxy.k8s", aliases: ["k8s.gcr.io"] }),
  registry("reg.example.com:5000", { project: "own" }),
];

test("an image is asked of its registry's project, Docker Hub's own under library", () => {
  const cached = (image: string) => cachedAs(image, registries);
  expect(cached("docker.io/hello-world:latest")).toBe("proxy.docker.io/library/hello-world");
  expect(cached("docker.io/library/hello-world:latest")).toBe("proxy.docker.io/library/hello-world");
  expect(cached("k8s.gcr.io/pause:3.9")).toBe("proxy.k8s/pause");
  expect(cached(`reg.example.com:5000/a/b@sha256:${"0".repeat(64)}`)).toBe("own/a/b");
  expect(() => cached("quay.io/a/b:1")).toThrow("quay.io/a/b:1 is of no registry that is cached");
});

test("what a pool has to know of it", () => {
  const log = {
    address: "10.0.0.5",
    user: "ops",
    hostKey: "ssh-ed25519 AAAA",
    path: "/data/log/proxy.log",
    sudo: true,
  };
  const image = "docker.io/library/hello-world:latest";
  expect(verifyPull({ image, timeout: 30 }, "podman", registries, log)).toEqual({
    image,
    pullCommand: "podman pull --quiet 'docker.io/library/hello-world:latest'",
    removeCommand:
      "! podman image exists 'docker.io/library/hello-world:latest' || podman rmi 'docker.io/library/hello-world:latest'",
    requests: "/v2/proxy.docker.io/library/hello-world/manifests/",
    timeout: 30,
    log,
  });
});

/** A program that notes how it was called, and has the image or not. */
function program(name: string, has: boolean): void {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!/bin/sh\necho "${name} $* $CONTAINER_RUNTIME_ENDPOINT" >>${folder}/calls\n` +
      `case "$*" in *inspecti*|*exists*) ${has ? "exit 0" : "exit 1"};; esac\n`,
  );
  chmodSync(path, 0o755);
}

/** What the command called, one call a line. */
function calls(command: string): string[] {
  writeFileSync(join(folder, "calls"), "");
  const { status, stderr } = spawnSync("sh", ["-c", command], {
    encoding: "utf8",
    env: { PATH: `${folder}:/usr/bin:/bin` },
  });
  expect([status, stderr]).toEqual([0, ""]);
  const noted = readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n");
  return noted.map((line) => line.trimEnd());
}

const image = "reg.example.com:5000/a/b:1.0";

test.each([
  ["cri-o", "crictl", " unix:///run/crio/crio.sock"],
  ["containerd", "crictl", " unix:///run/containerd/containerd.sock"],
  ["k3s", "k3s", ""],
] as const)("%s pulls and removes by crictl", (runtime, name, socket) => {
  // Where crictl is told where to ask, it isn't told again.
  const endpoint = existsSync("/etc/crictl.yaml") ? "" : socket;
  const { pullCommand, removeCommand } = pullCommands(runtime, image);
  const crictl = name === "k3s" ? "k3s crictl" : "crictl";
  program(name, true);
  expect(calls(pullCommand)).toEqual([`${crictl} pull ${image}${endpoint}`]);
  expect(calls(removeCommand)).toEqual([
    `${crictl} inspecti ${image}${endpoint}`,
    `${crictl} rmi ${image}${endpoint}`,
  ]);
  program(name, false);
  expect(calls(removeCommand)).toEqual([`${crictl} inspecti ${image}${endpoint}`]);
});

test("podman pulls and removes by itself, RKE2 by the crictl that it brings", () => {
  const { removeCommand } = pullCommands("podman", image);
  program("podman", true);
  expect(calls(removeCommand)).toEqual([`podman image exists ${image}`, `podman rmi ${image}`]);
  program("podman", false);
  expect(calls(removeCommand)).toEqual([`podman image exists ${image}`]);
  expect(pullCommands("rke2", image).pullCommand).toBe(
    `export CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml && /var/lib/rancher/rke2/bin/crictl pull '${image}'`,
  );
});

test("nothing of an image's name is the shell's", () => {
  program("podman", true);
  const odd = "a'; echo x $(id) `id`";
  expect(calls(pullCommands("podman", odd).pullCommand)).toEqual([`podman pull --quiet ${odd}`]);
});
