import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { crioCaFile, crioCaPath, crioDropIn } from "../../../components/nodes/crio-drop-in.ts";
import { dropInProblems } from "../../../provider/nodes/crio-config.ts";
import { registry } from "./example-registry.ts";

const target = { dropInDir: "/etc/containers/registries.conf.d", pool: "workers" };
const https = { scheme: "https", registry: "harbor.example.com" } as const;

test("mirror first, the registry itself as fallback", () => {
  const file = crioDropIn(registry("docker.io"), https, target);
  expect(file).toEqual({
    path: "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf",
    content: `# Managed by harbor-cache, pool workers: changes made here are undone by its next run.
# docker.io: from the cache, else from docker.io.

[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "harbor.example.com/proxy.docker.io"
`,
    mode: "0644",
  });
});

test("an alias is a further table whose fallback is the registry that it stands for", () => {
  const { content } = crioDropIn(registry("registry.k8s.io", { aliases: ["k8s.gcr.io"] }), https, target);
  const mirror = [{ location: "harbor.example.com/proxy.registry.k8s.io" }];
  expect(parse(content)).toEqual({
    registry: [
      { prefix: "registry.k8s.io", location: "registry.k8s.io", mirror },
      { prefix: "k8s.gcr.io", location: "registry.k8s.io", mirror },
    ],
  });
  expect(dropInProblems(content)).toEqual([]);
});

test("insecure stands where it is meant: the mirror without TLS, the registry that is insecure itself", () => {
  const plain = { scheme: "http", registry: "10.0.0.5:8080" } as const;
  const one = crioDropIn(registry("reg.example.com:5000", { project: "p" }), plain, target);
  expect(one.path).toBe("/etc/containers/registries.conf.d/50-harbor-cache-reg.example.com_5000.conf");
  expect(parse(one.content)).toEqual({
    registry: [
      {
        prefix: "reg.example.com:5000",
        location: "reg.example.com:5000",
        mirror: [{ location: "10.0.0.5:8080/p", insecure: true }],
      },
    ],
  });
  const other = crioDropIn(registry("a.example.com", { insecure: true, project: "p" }), https, target);
  expect(parse(other.content)).toEqual({
    registry: [
      {
        prefix: "a.example.com",
        location: "a.example.com",
        insecure: true,
        mirror: [{ location: "harbor.example.com/p" }],
      },
    ],
  });
});

test("the CA lies under the host, with the port where there is one", () => {
  expect(crioCaPath(https, "/etc/containers/certs.d")).toBe(
    "/etc/containers/certs.d/harbor.example.com/ca.crt",
  );
  expect(crioCaPath({ scheme: "https", registry: "h:8443" }, "/c")).toBe("/c/h:8443/ca.crt");
  expect(crioCaFile("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n\n", "workers")).toBe(
    `# Managed by harbor-cache, pool workers: changes made here are undone by its next run.
-----BEGIN CERTIFICATE-----
MII
-----END CERTIFICATE-----
`,
  );
});
