import { describe, expect, test } from "vitest";
import { prefixOf, repositoryOf } from "../../../config/image-reference.ts";
import { runtimeProblems } from "../../../config/runtime-problems.ts";
import type { PoolSettings, RegistrySettings, Runtime } from "../../../config/settings.ts";
import { mirror, mirrored } from "../nodes/example-mirror.ts";
import { examplePool } from "../nodes/example-pool.ts";
import { registry } from "../nodes/example-registry.ts";

const hub = registry("docker.io");

/** `path: message` of each problem. */
function problems(pool: Partial<PoolSettings>, registries: readonly RegistrySettings[] = [hub]): string[] {
  return runtimeProblems(examplePool(pool), registries).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
}

const everything: Partial<PoolSettings> = {
  files: "one",
  unqualifiedSearch: ["docker.io"],
  mirrors: [
    mirrored("cr.example.io/library", [mirror("10.0.0.1/a", { pullFromMirror: "tag-only" })]),
    mirrored("*.example.com", [mirror("10.0.0.1/a"), mirror("10.0.0.2/b")], { fallback: false }),
    mirrored("evil.example.com", [], { fallback: false }),
  ],
};
const partly = registry("quay.io", { pullFromMirror: "digest-only", fallback: false });

test.each<Runtime>(["cri-o", "podman"])("%s can do everything", (runtime) => {
  expect(problems({ runtime, ...everything }, [hub, partly])).toEqual([]);
});

test("containerd knows whole hosts, and asks for tags and digests alike", () => {
  expect(problems({ runtime: "containerd", ...everything }, [hub, partly])).toEqual([
    "files: one is for cri-o and podman, not for containerd: leave it out",
    "unqualifiedSearch: is for cri-o and podman: containerd always takes docker.io for it; leave it out",
    "runtime: containerd has no pullFromMirror but all, and quay.io is set otherwise; for example: cri-o",
    "mirrors.0.prefix: must be one whole registry for containerd, which knows neither paths nor wildcards; for example: cr.example.io",
    "mirrors.0.mirrors.0.pullFromMirror: must be all for containerd, which asks a mirror for tags and digests alike",
    "mirrors.1.prefix: must be one whole registry for containerd, which knows neither paths nor wildcards; for example: registry.example.com",
    "mirrors.2.fallback: can't be false without mirrors for containerd, which can't block a registry; for example: true",
  ]);
  const fine = mirrored("reg.example.com:5000", [mirror("10.0.0.1/a"), mirror("10.0.0.2/b")], {
    fallback: false,
  });
  expect(
    problems({ runtime: "containerd", mirrors: [fine] }, [registry("quay.io", { fallback: false })]),
  ).toEqual([]);
});

test("k3s and RKE2 can't do without a fallback either; paths may differ", () => {
  const mirrors = [
    mirrored("a.example.com", [mirror("10.0.0.1/a"), mirror("10.0.0.2/b")]),
    mirrored("b.example.com", [mirror("10.0.0.1/a")], { fallback: false }),
  ];
  const flag = (name: string) =>
    `${name} has only its own flag for that, --disable-default-registry-endpoint`;
  expect(problems({ runtime: "k3s", mirrors }, [registry("quay.io", { fallback: false })])).toEqual([
    `runtime: can't do without a fallback, as quay.io is to: ${flag("k3s")}; leave fallback out there`,
    `mirrors.1.fallback: can't be false: ${flag("k3s")}; leave it out`,
  ]);
  expect(problems({ runtime: "rke2", mirrors })).toEqual([
    `mirrors.1.fallback: can't be false: ${flag("RKE2")}; leave it out`,
  ]);
});

test("a prefix has its mirrors in one place", () => {
  const mirrors = [
    mirrored("k8s.gcr.io", [mirror("10.0.0.1/a")]),
    mirrored("a.example.com", [mirror("10.0.0.1/a")]),
    mirrored("a.example.com", [mirror("10.0.0.2/a")]),
    mirrored("docker.io/library", [mirror("10.0.0.2/a")]),
  ];
  expect(problems({ mirrors }, [hub, registry("registry.k8s.io", { aliases: ["k8s.gcr.io"] })])).toEqual([
    "mirrors.0.prefix: is cached here: give further mirrors of it as mirrors of that registry",
    "mirrors.2.prefix: is there twice: give all mirrors of a.example.com at once",
  ]);
});

describe("the image that nodes pull to prove the cache", () => {
  const digest = `@sha256:${"0".repeat(64)}`;
  const verify = (image: string, registries = [hub], mirrors: PoolSettings["mirrors"] = []) =>
    problems({ verifyPull: { image, timeout: 120 }, mirrors }, registries);

  test("comes from a registry that is cached", () => {
    expect(verify("docker.io/library/hello-world:latest")).toEqual([]);
    expect(
      verify("k8s.gcr.io/pause:3.9", [registry("registry.k8s.io", { aliases: ["k8s.gcr.io"] })]),
    ).toEqual([]);
    expect(verify("quay.io/a/b:1")).toEqual([
      "verifyPull.image: is of no registry that is cached here; for example: docker.io/library/hello-world:latest",
    ]);
    const hidden = mirrored("docker.io/library", [mirror("10.0.0.1/a")]);
    expect(verify("docker.io/hello-world:latest", [hub], [hidden])).toEqual([
      "verifyPull.image: is pulled from the mirrors of docker.io/library, and not from the cache; for example: docker.io/library/hello-world:latest",
    ]);
    expect(verify("docker.io/other/image:1", [hub], [hidden])).toEqual([]);
  });

  test("is one that the cache is asked for", () => {
    const digests = registry("docker.io", { pullFromMirror: "digest-only" });
    expect(verify("docker.io/library/a:1", [digests])).toEqual([
      "verifyPull.image: is not asked of the cache: pullFromMirror of docker.io is digest-only",
    ]);
    expect(verify(`docker.io/library/a${digest}`, [digests])).toEqual([]);
    const tags = registry("docker.io", { pullFromMirror: "tag-only" });
    expect(verify("docker.io/library/a:1", [tags])).toEqual([]);
    expect(verify(`docker.io/library/a${digest}`, [tags])).toHaveLength(1);
  });
});

test("references are taken apart as runtimes do it", () => {
  expect(repositoryOf("docker.io/hello-world:1")).toBe("docker.io/library/hello-world");
  expect(repositoryOf("index.docker.io/a/b")).toBe("docker.io/a/b");
  expect(repositoryOf("reg.example.com:5000/a:1")).toBe("reg.example.com:5000/a");
  expect(repositoryOf(`reg.example.com:5000/a/b@sha256:${"a".repeat(64)}`)).toBe("reg.example.com:5000/a/b");
  const prefixes = ["example.com", "example.com/a", "*.example.com", "*.b.example.com"];
  expect(prefixOf("example.com/a/b", prefixes)).toBe("example.com/a");
  expect(prefixOf("example.com/ab", prefixes)).toBe("example.com");
  expect(prefixOf("x.b.example.com/ab", prefixes)).toBe("*.b.example.com");
  expect(prefixOf("notexample.com/ab", prefixes)).toBeUndefined();
});
