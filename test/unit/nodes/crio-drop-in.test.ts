import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { caFile, caPath } from "../../../components/nodes/ca-file.ts";
import { crioAuthDropIn, crioDropIns } from "../../../components/nodes/crio-drop-in.ts";
import type { DropInPool } from "../../../components/nodes/crio-drop-in.ts";
import { nodeMirrors } from "../../../components/nodes/node-mirrors.ts";
import type { HarborEndpoint } from "../../../components/nodes/node-mirrors.ts";
import type { MirroredSettings, RegistrySettings } from "../../../config/settings.ts";
import { dropInProblems } from "../../../provider/nodes/crio-config.ts";
import { mirror, mirrored } from "./example-mirror.ts";
import { registry } from "./example-registry.ts";

const pool: DropInPool = {
  name: "workers",
  dropInDir: "/etc/containers/registries.conf.d",
  files: "per-registry",
  unqualifiedSearch: [],
};
const https: HarborEndpoint = { scheme: "https", registry: "harbor.example.com" };

interface Given {
  readonly registries?: readonly RegistrySettings[];
  readonly mirrors?: readonly MirroredSettings[];
  readonly harbor?: HarborEndpoint;
  readonly pool?: Partial<DropInPool>;
}

/** Text by name; each is one that the runtime takes as it is meant. */
function dropIns({ registries = [], mirrors = [], harbor = https, pool: changes }: Given) {
  const files = crioDropIns(nodeMirrors(registries, mirrors, harbor), { ...pool, ...changes });
  for (const { path, content, mode } of files) {
    expect([dropInProblems(content), mode]).toEqual([[], "0644"]);
    expect(path.startsWith(`${pool.dropInDir}/50-harbor-cache`)).toBe(true);
  }
  return new Map(files.map(({ path, content }) => [path.slice(pool.dropInDir.length + 1), content]));
}

function one(given: Given): string {
  const [text, ...more] = dropIns(given).values();
  expect(more).toEqual([]);
  return text ?? "";
}

test("mirror first, the registry itself as fallback", () => {
  expect([...dropIns({ registries: [registry("docker.io")] })]).toEqual([
    [
      "50-harbor-cache-docker.io.conf",
      `# Managed by harbor-cache, pool workers: changes made here are undone by its next run.
# docker.io: from the cache, else from docker.io.

[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "harbor.example.com/proxy.docker.io"
`,
    ],
  ]);
});

test("an alias is a further table of its registry's file whose fallback is the registry that it stands for", () => {
  const text = one({ registries: [registry("registry.k8s.io", { aliases: ["k8s.gcr.io"] })] });
  const mirror = [{ location: "harbor.example.com/proxy.registry.k8s.io" }];
  expect(parse(text)).toEqual({
    registry: [
      { prefix: "registry.k8s.io", location: "registry.k8s.io", mirror },
      { prefix: "k8s.gcr.io", location: "registry.k8s.io", mirror },
    ],
  });
});

test("insecure stands where it is meant: the mirror without TLS or check, the registry that is insecure itself", () => {
  const harbor: HarborEndpoint = { scheme: "http", registry: "10.0.0.5:8080" };
  expect(parse(one({ registries: [registry("reg.example.com:5000", { project: "p" })], harbor }))).toEqual({
    registry: [
      {
        prefix: "reg.example.com:5000",
        location: "reg.example.com:5000",
        mirror: [{ location: "10.0.0.5:8080/p", insecure: true }],
      },
    ],
  });
  const insecure = registry("a.example.com", {
    insecure: true,
    project: "p",
    mirrors: [
      mirror("plain.example.com", { scheme: "http" }),
      mirror("odd.example.com/x", { insecure: true }),
    ],
  });
  expect(parse(one({ registries: [insecure] }))).toEqual({
    registry: [
      {
        prefix: "a.example.com",
        location: "a.example.com",
        insecure: true,
        mirror: [
          { location: "harbor.example.com/p" },
          { location: "plain.example.com", insecure: true },
          { location: "odd.example.com/x", insecure: true },
        ],
      },
    ],
  });
});

test("several mirrors stand in their order, with the path that each has", () => {
  const mirrors = [
    mirrored("cr.example.io/library", [
      mirror("10.10.100.1:35007/library"),
      mirror("10.10.100.2:35007/example-project", { pullFromMirror: "digest-only" }),
    ]),
  ];
  expect([...dropIns({ mirrors })]).toEqual([
    [
      "50-harbor-cache-cr.example.io%2flibrary.conf",
      `# Managed by harbor-cache, pool workers: changes made here are undone by its next run.
# cr.example.io/library: from 10.10.100.1:35007/library, then 10.10.100.2:35007/example-project, else from cr.example.io/library.

[[registry]]
prefix = "cr.example.io/library"
location = "cr.example.io/library"

[[registry.mirror]]
location = "10.10.100.1:35007/library"

[[registry.mirror]]
location = "10.10.100.2:35007/example-project"
pull-from-mirror = "digest-only"
`,
    ],
  ]);
  const further = registry("docker.io", {
    pullFromMirror: "tag-only",
    mirrors: [mirror("10.0.0.9:5000/hub")],
  });
  const text = one({ registries: [further] });
  expect(text).toContain("# docker.io: from the cache, then 10.0.0.9:5000/hub, else from docker.io.\n");
  expect(parse(text)).toHaveProperty("registry[0].mirror", [
    { location: "harbor.example.com/proxy.docker.io", "pull-from-mirror": "tag-only" },
    { location: "10.0.0.9:5000/hub" },
  ]);
});

test("without a fallback the upstream is blocked, by the name that the runtime looks it up with", () => {
  const closed = registry("registry.k8s.io", { fallback: false, aliases: ["k8s.gcr.io"] });
  const text = one({ registries: [closed] });
  expect(text).toContain("# registry.k8s.io, k8s.gcr.io: from the cache only.\n");
  const mirrorTables = [{ location: "harbor.example.com/proxy.registry.k8s.io" }];
  expect(parse(text)).toEqual({
    registry: ["registry.k8s.io", "k8s.gcr.io"].map((prefix) => ({
      ...{ prefix, location: prefix, blocked: true },
      mirror: mirrorTables,
    })),
  });
  const files = dropIns({
    mirrors: [
      mirrored("evil.example.com", [], { fallback: false }),
      mirrored("old.example.com", [mirror("m.example.com")], {
        fallback: false,
        location: "new.example.com",
      }),
    ],
  });
  expect(files.get("50-harbor-cache-evil.example.com.conf")).toContain("# evil.example.com: blocked.\n");
  expect(parse(files.get("50-harbor-cache-old.example.com.conf") ?? "")).toEqual({
    registry: [
      {
        ...{ prefix: "old.example.com", location: "old.example.com", blocked: true },
        mirror: [{ location: "m.example.com" }],
      },
    ],
  });
});

test("another location stands behind a prefix, and all hosts of a domain are themselves", () => {
  const files = dropIns({
    mirrors: [
      mirrored("old.example.com", [], { location: "new.example.com/old", insecure: true }),
      mirrored("*.example.com", [mirror("m.example.com/all")]),
    ],
  });
  expect(files.get("50-harbor-cache-old.example.com.conf")).toContain(
    "# old.example.com: from new.example.com/old.\n",
  );
  expect(parse(files.get("50-harbor-cache-old.example.com.conf") ?? "")).toEqual({
    registry: [{ prefix: "old.example.com", location: "new.example.com/old", insecure: true }],
  });
  const wildcard = files.get("50-harbor-cache-%2a.example.com.conf") ?? "";
  expect(wildcard).toContain("from m.example.com/all, else from the registry itself.\n");
  expect(parse(wildcard)).toEqual({
    registry: [{ prefix: "*.example.com", mirror: [{ location: "m.example.com/all" }] }],
  });
});

test("no two names become one file", () => {
  const names = [
    "a.example.com:5000",
    "a.example.com/5000",
    "a.example.com/_5000",
    "a.example.com_5000",
    "*.example.com",
    "a.example.com/b_c",
    "a.example.com/b/c",
  ];
  const files = dropIns({ mirrors: names.map((prefix) => mirrored(prefix, [mirror("m.example.com")])) });
  expect([...files.keys()]).toHaveLength(names.length);
  expect([...files.keys()][0]).toBe("50-harbor-cache-a.example.com_5000.conf");
  for (const name of files.keys()) expect(name).toMatch(/^[a-z0-9._%-]+\.conf$/);
});

test("one file has all, and what images without a registry are looked for in", () => {
  const given = {
    registries: [registry("docker.io"), registry("registry.k8s.io", { aliases: ["k8s.gcr.io"] })],
    mirrors: [mirrored("*.example.com", [mirror("m.example.com")])],
  };
  const files = dropIns({ ...given, pool: { files: "one", unqualifiedSearch: ["docker.io", "quay.io"] } });
  expect([...files.keys()]).toEqual(["50-harbor-cache.conf"]);
  const text = files.get("50-harbor-cache.conf") ?? "";
  expect(text).toContain(
    'next run.\nunqualified-search-registries = ["docker.io", "quay.io"]\n\n# docker.io: ',
  );
  expect(text).toContain(
    "\n\n# registry.k8s.io, k8s.gcr.io: from the cache, else from registry.k8s.io.\n\n[[registry]]",
  );
  expect(parse(text)).toMatchObject({
    registry: ["docker.io", "registry.k8s.io", "k8s.gcr.io", "*.example.com"].map((prefix) => ({ prefix })),
  });
  const apart = dropIns({ ...given, pool: { unqualifiedSearch: ["docker.io"] } });
  expect([...apart.keys()]).toEqual([
    "50-harbor-cache-docker.io.conf",
    "50-harbor-cache-registry.k8s.io.conf",
    "50-harbor-cache-%2a.example.com.conf",
    "50-harbor-cache-unqualified.conf",
  ]);
  expect(apart.get("50-harbor-cache-unqualified.conf")).toBe(
    "# Managed by harbor-cache, pool workers: changes made here are undone by its next run.\n" +
      'unqualified-search-registries = ["docker.io"]\n',
  );
});

test("CRI-O is told where its logins are", () => {
  expect(
    crioAuthDropIn({ name: "workers", configDir: "/etc/crio", authFile: "/etc/crio/config.json" }),
  ).toEqual({
    path: "/etc/crio/crio.conf.d/50-harbor-cache.conf",
    content: `# Managed by harbor-cache, pool workers: changes made here are undone by its next run.
[crio.image]
global_auth_file = "/etc/crio/config.json"
`,
    mode: "0644",
  });
});

test("the CA lies under the host, with the port where there is one", () => {
  expect(caPath(https, "/etc/containers/certs.d")).toBe("/etc/containers/certs.d/harbor.example.com/ca.crt");
  expect(caPath({ scheme: "https", registry: "h:8443" }, "/c")).toBe("/c/h:8443/ca.crt");
  expect(caFile("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n\n", ["# ours"])).toBe(
    "# ours\n-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
  );
});
