import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Edge, endWarning } from "../../../components/edge/edge.ts";
import type { EdgeTls } from "../../../components/edge/edge-machine.ts";
import type { Host } from "../../../components/host/host.ts";
import { exampleEdge, exampleSettings, selfSigned, letsEncrypt as acme } from "../harbor/example-machine.ts";
import { recordResources, settled, type Registered } from "../mocks.ts";

const digest = "4".repeat(64);
const ca = "-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n";
const host: Host = {
  connection: { host: "10.0.0.5" },
  access: {
    address: pulumi.output("10.0.0.5"),
    port: 22,
    user: "ops",
    hostKey: pulumi.output("ssh-ed25519 AAAA"),
  },
  identity: pulumi.output("i-0123abcd"),
  sudo: false,
  ready: [],
};
const provided = {
  mode: "provided",
  certificate: readFileSync("test/fixtures/tls/localhost.crt", "utf8"),
  privateKey: pulumi.secret("THE KEY"),
} as const;

// It would write files for ssh into the home directory.
vi.mock("../../../components/host/docker-provider.ts", async () => {
  const docker = await import("@pulumi/docker");
  return {
    dockerProvider: (name: string, _host: unknown, opts: pulumi.ResourceOptions) =>
      new docker.Provider(name, { host: "ssh://ops@10.0.0.5:22" }, opts),
  };
});

let registered: Registered[];
let repoDigest: (image: string) => string | undefined;
beforeAll(async () => {
  registered = await recordResources(({ type, inputs }) => {
    if (type.startsWith("docker:index/remoteImage"))
      return { repoDigest: repoDigest(String(inputs["name"])) };
    return { stdout: pulumi.secret(`sha256 Fingerprint=AB:CD\n${ca}`) };
  });
});

const made: pulumi.ResourceTransformationArgs[] = [];
beforeEach(() => {
  registered.length = 0;
  made.length = 0;
  repoDigest = (image) => `${image.replace(/:[^:]*$/, "")}@sha256:${digest}`;
});

async function make(tls: EdgeTls = selfSigned, on: Partial<Host> = {}) {
  const after = new pulumi.ComponentResource("test:index:Folders", "folders");
  const edge = new Edge(
    "edge",
    {
      host: { ...host, ...on },
      machine: { hostname: "registry.example.com", tls, harbor: exampleSettings(), edge: exampleEdge },
      after: [after],
    },
    {
      transformations: [
        (child) => {
          made.push(child);
          return undefined;
        },
      ],
    },
  );
  const { value: objects } = await settled(edge.objects);
  await settled(edge.certificate);
  return { edge, objects, after };
}

const onEngine = () => registered.filter(({ type }) => type.startsWith("docker:index/"));

describe("the edge's Docker objects", () => {
  it("are a network, a volume over the data folder, and two images", async () => {
    const { objects } = await make();
    const resources = onEngine().map(({ type, name, inputs }) => ({ type, name, inputs }));
    // The mocks get them in the order in which their inputs are known.
    expect(resources).toHaveLength(4);
    expect(resources).toEqual(
      expect.arrayContaining([
        {
          type: "docker:index/network:Network",
          name: "edge-network",
          inputs: { name: "harbor-cache-edge-i-0123abcd", driver: "bridge" },
        },
        {
          type: "docker:index/volume:Volume",
          name: "edge-certificates",
          inputs: {
            name: "harbor-cache-certs-i-0123abcd",
            driver: "local",
            driverOpts: { type: "none", o: "bind", device: "/data/edge" },
          },
        },
        {
          type: "docker:index/remoteImage:RemoteImage",
          name: "edge-traefik",
          inputs: { name: exampleEdge.traefikImage, keepLocally: true, pullTriggers: ["i-0123abcd"] },
        },
        {
          type: "docker:index/remoteImage:RemoteImage",
          name: "edge-socket-proxy",
          inputs: { name: exampleEdge.socketProxyImage, keepLocally: true, pullTriggers: ["i-0123abcd"] },
        },
      ]),
    );
    expect(objects).toEqual({
      network: "harbor-cache-edge-i-0123abcd",
      volume: "harbor-cache-certs-i-0123abcd",
      traefikImage: `docker.io/library/traefik@sha256:${digest}`,
      socketProxyImage: `docker.io/tecnativa/docker-socket-proxy@sha256:${digest}`,
      region: "us-east-1",
    });
  });

  it("are made by the machine's own engine, after its folders, and a rebuild may replace them", async () => {
    const { after } = await make();
    const options = made.filter(({ type }) => type.startsWith("docker:index/"));
    expect(options).toHaveLength(4);
    for (const { name, opts } of options) {
      expect([opts.dependsOn, opts.protect]).toEqual([[after], undefined]);
      expect(registered.find((one) => one.name === name)?.provider).toMatch(/docker::edge-docker/);
    }
  });

  it("ask Route53 by the machine's own region where it has one", async () => {
    const { objects } = await make(acme, { region: pulumi.output("eu-central-1") });
    expect(objects.region).toBe("eu-central-1");
  });

  it.each([[""], [undefined], ["sha256:0123"]])(
    "name an image that was loaded from a file by its tag (its digest is %j)",
    async (known) => {
      repoDigest = () => known;
      const { objects } = await make();
      expect(objects.traefikImage).toBe(exampleEdge.traefikImage);
    },
  );
});

describe("the edge's certificate", () => {
  it("is made on the machine by an own CA, which clients are given", async () => {
    const { edge, after } = await make();
    expect(await settled(edge.certificate)).toEqual({ value: "sha256 Fingerprint=AB:CD", secret: false });
    expect(edge.caCertificate && (await settled(edge.caCertificate))).toEqual({ value: ca, secret: false });
    expect(made.find(({ name }) => name === "edge-certificate-access")?.opts.dependsOn).toEqual([after]);
    expect(edge.ready).toHaveLength(5);
  });

  it("is given, with its key as a secret", async () => {
    const warn = vi.spyOn(pulumi.log, "warn").mockImplementation(() => Promise.resolve());
    const { edge } = await make({ ...provided, caCertificate: "ROOT" });
    const step = registered.find(({ name }) => name === "edge-certificate");
    // A secret as it goes to the engine.
    expect(JSON.stringify(step?.inputs["stdin"])).toMatch(/^\{"4dabf18193072939515e22adb298388d".*THE KEY/);
    expect(JSON.stringify({ ...step?.inputs, stdin: "" })).not.toContain("THE KEY");
    expect(await settled(edge.certificate)).toEqual({ value: "sha256 Fingerprint=AB:CD", secret: false });
    expect(edge.caCertificate && (await settled(edge.caCertificate)).value).toBe("ROOT");
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("is Traefik's own affair with Let's Encrypt: no step, no CA", async () => {
    const { edge } = await make(acme);
    expect(registered.filter(({ type }) => type === "command:remote:Command")).toEqual([]);
    expect([edge.caCertificate, edge.credentials, (await settled(edge.certificate)).value]).toEqual([
      undefined,
      undefined,
      "",
    ]);
    expect(edge.ready).toHaveLength(4);
  });

  it("is ordered with a key where one is given, which stays a secret", async () => {
    const credentials = { accessKeyId: "AKIAEXAMPLE0000", secretAccessKey: pulumi.secret("hidden") };
    const { edge } = await make({ ...acme, credentials, caServer: "https://ca", caCertificate: "ROOT" });
    expect(edge.credentials && (await settled(edge.credentials))).toEqual({
      value: { accessKeyId: "AKIAEXAMPLE0000", secretAccessKey: "hidden" },
      secret: true,
    });
    expect(edge.caCertificate && (await settled(edge.caCertificate)).value).toBe("ROOT");
  });
});

describe("the warning before the end of a given certificate", () => {
  const end = Date.parse(new X509Certificate(provided.certificate).validTo);
  const days = (left: number) => endWarning(provided.certificate, new Date(end - left * 86_400_000));

  it("comes in the last month, at every run", () => {
    expect(days(30.5)).toBeUndefined();
    expect(days(29.5)).toMatch(
      /^harbor-cache:tls\.certificate ends in 29 days \(.*\)\. Set tls\.certificate and/,
    );
    expect(days(-1)).toMatch(/^harbor-cache:tls\.certificate has ended/);
  });
});
