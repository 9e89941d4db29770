import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../../config/catalogue.ts";
import type { RegistrySettings } from "../../../config/settings.ts";
import { allSecret, errorsOf, settingsOf, valid } from "./valid.ts";

function registriesOf(...registries: unknown[]): readonly RegistrySettings[] {
  return settingsOf({ ...valid(), registries }, allSecret).registries;
}

/** The errors of the list of registries, without the path that they begin with. */
function wrong(...registries: unknown[]): string[] {
  return errorsOf({ ...valid(), registries }, new Set(["harbor-cache:nodes"])).map((line) =>
    line.replace("harbor-cache:registries", ""),
  );
}

const credentials = { username: "me", password: "secret-of-mine" };

describe("the catalogue", () => {
  test("knows how Harbor reaches each registry", () => {
    const found = registriesOf(...catalogue.keys()).map(({ name, type, endpoint, project, aliases }) =>
      [name, type, endpoint, project, ...aliases].join(" "),
    );
    expect(found).toEqual([
      "docker.io docker-hub https://hub.docker.com proxy.docker.io",
      "quay.io docker-registry https://quay.io proxy.quay.io",
      "ghcr.io github-ghcr https://ghcr.io proxy.ghcr.io",
      "gcr.io docker-registry https://gcr.io proxy.gcr.io",
      "registry.k8s.io docker-registry https://registry.k8s.io proxy.registry.k8s.io k8s.gcr.io",
      "public.ecr.aws docker-registry https://public.ecr.aws proxy.public.ecr.aws",
      "mcr.microsoft.com docker-registry https://mcr.microsoft.com proxy.mcr.microsoft.com",
      "nvcr.io docker-registry https://nvcr.io proxy.nvcr.io",
    ]);
  });

  test("takes an alias for its registry, which may be listed too", () => {
    const named = (...registries: unknown[]): string[] =>
      registriesOf(...registries).map(({ name, aliases }) => [name, ...aliases].join(" "));
    expect(named("docker.io", "k8s.gcr.io")).toEqual(["docker.io", "registry.k8s.io k8s.gcr.io"]);
    expect(named("k8s.gcr.io", "registry.k8s.io")).toEqual(["registry.k8s.io k8s.gcr.io"]);
    expect(named({ name: "k8s.gcr.io", quota: "5GiB" })).toEqual(["registry.k8s.io k8s.gcr.io"]);
    expect(named({ name: "registry.k8s.io", aliases: [] })).toEqual(["registry.k8s.io"]);
    expect(named({ name: "registry.k8s.io", aliases: [] }, "k8s.gcr.io")).toEqual([
      "registry.k8s.io k8s.gcr.io",
    ]);
  });

  test("is left where another endpoint or type is given", () => {
    const [mirror, hub, typed] = registriesOf(
      { name: "docker.io", endpoint: "https://artifactory.example.com/docker/" },
      { name: "ghcr.io", endpoint: "https://ghcr.io/" },
      { name: "quay.io", type: "harbor", credentials },
    );
    expect(mirror).toMatchObject({
      type: "docker-registry",
      endpoint: "https://artifactory.example.com/docker",
    });
    expect(hub).toMatchObject({ type: "github-ghcr", endpoint: "https://ghcr.io" });
    expect(typed).toMatchObject({ type: "harbor", endpoint: "https://quay.io", public: false });
  });
});

describe("another registry", () => {
  test.each([
    ["r.example.com", "proxy.r.example.com"],
    ["r.example.com:5000", "proxy.r.example.com-5000"],
    ["127.0.0.1:5000", "proxy.127.0.0.1-5000"],
    ["localhost:5000", "proxy.localhost-5000"],
    ["xn--bcher-kva.example", "proxy.xn-bcher-kva.example"],
  ])("%s has the project %s", (name, project) => {
    const [registry] = registriesOf(name);
    expect(registry).toMatchObject({
      name,
      project,
      endpoint: `https://${name}`,
      type: "docker-registry",
      public: true,
    });
    expect(registry?.project).toMatch(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/);
  });

  test("of AWS is asked at its region's API and is private", () => {
    const [ecr, china] = registriesOf(
      "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
      "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    );
    expect(ecr).toMatchObject({
      type: "aws-ecr",
      endpoint: "https://api.ecr.eu-west-1.amazonaws.com",
      public: false,
    });
    expect(china?.endpoint).toBe("https://api.ecr.cn-north-1.amazonaws.com.cn");
  });

  test.each([
    [-1, -1],
    ["500GiB", 536870912000],
    ["1.5TiB", 1649267441664],
    ["100 MiB", 104857600],
    ["1024TiB", 1125899906842624],
  ])("quota %s is %i bytes", (quota, bytes) => {
    expect(registriesOf({ name: "docker.io", quota })[0]?.quotaBytes).toBe(bytes);
  });

  test("may have a CA", () => {
    const [first = "", second = ""] = rootCertificates;
    const caCertificate = `${first}\n${second}\n`;
    expect(registriesOf({ name: "a.example.com", caCertificate })[0]?.caCertificate).toBe(caCertificate);
    expect(new X509Certificate(first).ca).toBe(true);
  });
});

test.each([
  ["https://quay.io", "must be a host name only: leave the scheme out"],
  ["docker.io/library", "must be a host name only: leave the path out"],
  ["*.example.com", "must be one registry: wildcards can't be cached"],
  ["[::1]:5000", "is an IPv6 address, which image references can't name: give a DNS name"],
  ["registry", "needs a dot or a port, else image references take it for a user's name at docker.io"],
  ["a.example.com:0", "has a port that is not a number from 1 to 65535"],
  ["a.example.com:65536", "has a port that is not a number from 1 to 65535"],
  ["a.example.com:", "has a port that is not a number from 1 to 65535"],
  ["10.0.0.256:5000", "is not a host name"],
  ["-a.example.com", "is not a host name"],
  ["a..example.com", "is not a host name"],
  ["a_b.example.com", "is not a host name"],
  ["", "is not a host name"],
])("name %j %s", (name, problem) => {
  expect(wrong({ name })).toEqual([
    `[0].name: ${JSON.stringify(name)} ${problem}; for example: registry.example.com:5000`,
  ]);
});

test.each([
  ["Proxy", "must be lower-case letters and digits, with single . _ or - between them (Harbor's rule)"],
  ["a__b", "must be lower-case letters and digits, with single . _ or - between them (Harbor's rule)"],
  ["a_-b", "must be lower-case letters and digits, with single . _ or - between them (Harbor's rule)"],
  ["a-", "must be lower-case letters and digits, with single . _ or - between them (Harbor's rule)"],
  ["", "must be lower-case letters and digits, with single . _ or - between them (Harbor's rule)"],
  ["library", "is the ordinary project that every Harbor begins with"],
])("project %j %s", (project, problem) => {
  expect(wrong({ name: "docker.io", project })).toEqual([
    `[0].project: ${JSON.stringify(project)} ${problem}; for example: proxy.docker.io`,
  ]);
});

test("a project's name may have 255 characters", () => {
  expect(registriesOf({ name: "docker.io", project: "a".repeat(255) })[0]?.project).toHaveLength(255);
  expect(wrong({ name: "docker.io", project: "a".repeat(256) })).toEqual([
    "[0].project: is longer than Harbor's 255 characters; for example: proxy.docker.io",
  ]);
});

test.each([
  ["500GB", '"500GB" must have its unit in powers of 1024: did you mean 500GiB?'],
  ["1.5t", '"1.5t" must have its unit in powers of 1024: did you mean 1.5TiB?'],
  ["0GiB", '"0GiB" would be taken for Harbor\'s own default'],
  ["1025TiB", '"1025TiB" is over Harbor\'s limit of 1024TiB'],
  ["-5GiB", '"-5GiB" is not a size in MiB, GiB or TiB'],
  ["lots", '"lots" is not a size in MiB, GiB or TiB'],
  [0, "0 has no unit"],
  [-2, "-2 has no unit"],
  [null, "must be a size"],
])("quota %j is refused", (quota, problem) => {
  expect(wrong({ name: "docker.io", quota })).toEqual([
    `[0].quota: ${problem}; for example: 500GiB, or -1 for unlimited`,
  ]);
});

test.each([
  ["quay.io", '"quay.io" is not a URL that begins with https:// or http://'],
  ["ftp://quay.io", '"ftp://quay.io" is not a URL that begins with https:// or http://'],
  ["https://", '"https://" is not a URL that begins with https:// or http://'],
  ["https://me:pw@quay.io", '"https://…@quay.io" must have no user and password in it'],
  ["https://quay.io?x=1", '"https://quay.io?…" must end with its path: leave out what begins with ? or #'],
])("endpoint %s is refused", (endpoint, problem) => {
  expect(wrong({ name: "quay.io", endpoint })).toEqual([
    `[0].endpoint: ${problem}; for example: https://registry.example.com`,
  ]);
});

describe("what Harbor would refuse or misread", () => {
  test.each([
    [
      { name: "quay.io", type: "quay" },
      '.type: "quay" can\'t back a cache since Harbor 2.14; quay.io is reached as: docker-registry',
    ],
    [
      { name: "quay.io", type: "docker_registry" },
      '.type: "docker_registry" is not known; did you mean docker-registry?',
    ],
    [
      { name: "gcr.io", type: "google-gcr" },
      ".type: is unhealthy to Harbor without credentials; for public images: type: docker-registry",
    ],
    [
      { name: "public.ecr.aws", type: "aws-ecr" },
      ".type: refuses public.ecr.aws, which is reached as: type: docker-registry",
    ],
    [
      { name: "h.example.com", type: "harbor" },
      ".type: fails in Harbor without credentials; for public projects: type: docker-registry",
    ],
    [
      { name: "h.example.com", type: "docker-hub" },
      ".type: always asks Docker Hub, whatever the endpoint; for another endpoint: type: docker-registry",
    ],
    [
      { name: "docker.io", type: "docker-registry" },
      ".endpoint: answers no registry client; for example: https://registry-1.docker.io",
    ],
    [
      { name: "a.example.com", endpoint: "http://a.example.com" },
      ".insecure: must be true for an endpoint with http://; for example: insecure: true",
    ],
    [
      {
        name: "a.example.com",
        caCertificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
      },
      ".caCertificate: has a certificate that can't be read (number 1); for example: caCertificate: |, with the PEM text indented below it",
    ],
    [
      { name: "a.example.com", caCertificate: "/etc/ssl/ca.pem" },
      '.caCertificate: "/etc/ssl/ca.pem" is not a list of certificates in PEM form; for example: caCertificate: |, with the PEM text indented below it',
    ],
    [
      { name: "a.example.com", credentials: { username: "me" } },
      ".credentials.password: is missing; for example: pulumi config set --secret --path, which asks for the value",
    ],
  ])("%j", (registry, problem) => {
    expect(wrong(registry)).toEqual([`[0]${problem}`]);
  });

  test("an empty list", () => {
    expect(wrong()).toEqual([": must name a registry; for example: [docker.io, quay.io]"]);
  });
});

describe("credentials", () => {
  const show =
    "harbor-cache:registries[0].public: would show every image that these credentials may read to everyone who reaches Harbor; " +
    "for example: public: false, or allowPublicCredentials: true where this is wanted";

  test("make the project private", () => {
    expect(registriesOf({ name: "docker.io", credentials })[0]?.public).toBe(false);
    expect(registriesOf({ name: "docker.io", public: false })[0]?.public).toBe(false);
  });

  test("are refused in a public project unless that is wanted", () => {
    const registry = { name: "docker.io", credentials, public: true };
    expect(errorsOf({ ...valid(), registries: [registry] }, allSecret)).toEqual([show]);
    expect(registriesOf({ ...registry, allowPublicCredentials: true })[0]?.public).toBe(true);
    expect(registriesOf({ name: "docker.io", credentials, allowPublicCredentials: true })[0]?.public).toBe(
      false,
    );
  });

  test("of the machine's role count as well", () => {
    const registry = { name: "123456789012.dkr.ecr.eu-west-1.amazonaws.com", public: true };
    expect(errorsOf({ ...valid(), registries: [registry] })).toEqual([show]);
  });
});

describe("conflicts", () => {
  const prefix = (first: string): string =>
    `is the same prefix as harbor-cache:registries${first}: name each registry and alias once`;

  test("two with one prefix, aliases included", () => {
    expect(wrong("docker.io", "quay.io", "docker.io")).toEqual([`[2]: ${prefix("[0]")}`]);
    expect(wrong("quay.io", { name: "a.example.com", aliases: ["b.example.com", "quay.io"] })).toEqual([
      `[1].aliases[1]: ${prefix("[0]")}`,
    ]);
    expect(wrong("registry.k8s.io", { name: "k8s.gcr.io", project: "old" })).toEqual([
      `[1]: ${prefix("[0]")}`,
      `[1].aliases[0]: ${prefix("[0].aliases[0]")}`,
    ]);
  });

  test("two with one project", () => {
    expect(
      wrong({ name: "a.example.com", project: "one" }, { name: "b.example.com", project: "one" }),
    ).toEqual([
      "[1].project: is the same as harbor-cache:registries[0].project, and a project caches one registry; for example: project: proxy.other",
    ]);
    expect(wrong("a.example.com", { name: "quay.io", project: "proxy.a.example.com" })).toHaveLength(1);
  });

  test("are found beside other errors", () => {
    expect(wrong("quay.io", "QUAY", "quay.io")).toEqual([
      '[1]: "QUAY" must be in lower case; for example: registry.example.com:5000',
      `[2]: ${prefix("[0]")}`,
    ]);
  });

  test("Harbor as a mirror of itself, by name, alias or endpoint, with ports considered", () => {
    const itself = "is this Harbor itself";
    expect(wrong("registry.example.com")).toEqual([
      `[0].name: ${itself}; name the registry that it is to cache`,
    ]);
    expect(wrong("registry.example.com:443")).toHaveLength(1);
    expect(wrong({ name: "a.example.com", endpoint: "https://Registry.example.com/v2" })).toEqual([
      `[0].endpoint: ${itself}; give the URL of the registry that it is to cache`,
    ]);
    expect(
      wrong({ name: "a.example.com", endpoint: "http://registry.example.com", insecure: true }),
    ).toHaveLength(1);
    expect(wrong({ name: "a.example.com", aliases: ["registry.example.com:80"] })).toEqual([
      `[0].aliases[0]: ${itself}; leave it out`,
    ]);
    expect(wrong("registry.example.com:5000")).toEqual([]);
    const tree = { ...valid(), tls: { mode: "none" }, harbor: { httpPort: 8080 } };
    expect(errorsOf({ ...tree, registries: ["registry.example.com:8080"] })).toHaveLength(1);
    expect(errorsOf({ ...tree, registries: ["registry.example.com:443"] })).toEqual([]);
  });
});
