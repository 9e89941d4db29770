import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { loadSettings, parseSettings } from "../../../config/load.ts";
import { SettingsError } from "../../../config/problems.ts";
import { allSecret, errorsOf, hostKey, plain, poolDefaults, rawOf, settingsOf, valid } from "./valid.ts";

describe("what is right", () => {
  test("is completed with every default", async () => {
    expect(await plain(settingsOf(valid()))).toEqual({
      hostname: "registry.example.com",
      tls: { mode: "self-signed", validityDays: 825, renewBeforeDays: 90 },
      machine: { type: "existing", address: "10.0.0.10", port: 22, user: "ops", hostKey, sudo: true },
      harbor: {
        version: "2.15.2",
        installer: {
          url: "https://github.com/goharbor/harbor/releases/download/v2.15.2/harbor-online-installer-v2.15.2.tgz",
          cosign: true,
        },
        installDir: "/opt/harbor",
        dataDir: "/data",
        listenAddress: "0.0.0.0",
        httpPort: 80,
        httpsPort: 443,
        loopbackPort: 8080,
        installDocker: false,
        requirements: { cpus: 2, memoryGiB: 4, diskGiB: 40 },
        metrics: { enabled: false, port: 9090, path: "/metrics" },
        cache: { enabled: false, expireHours: 24 },
        trivy: {
          enabled: false,
          ignoreUnfixed: false,
          skipUpdate: false,
          offlineScan: false,
          timeoutMinutes: 5,
        },
        uploadPurging: { enabled: true, age: "168h", interval: "24h", dryRun: false },
        logLevel: "info",
        purgeData: false,
        timeouts: { step: 900, health: 300 },
      },
      edge: {
        traefikImage: "docker.io/library/traefik:v3.7.10",
        socketProxyImage: "docker.io/tecnativa/docker-socket-proxy:v0.4.2",
        accessLog: true,
        hstsSeconds: 31536000,
      },
      gitops: {},
      protect: true,
      cache: {},
      projects: [],
      destinations: [],
      robots: [],
      maintenance: {
        garbageCollection: { enabled: true, schedule: "0 0 3 * * 6", deleteUntagged: false, workers: 1 },
        auditLog: {
          enabled: true,
          schedule: "0 30 2 * * *",
          keepDays: 90,
          events: ["create_artifact", "delete_artifact", "pull_artifact"],
        },
        signInAs: "robot",
        pullQuota: { enabled: true, warnBelow: 20 },
      },
      registries: [
        {
          name: "docker.io",
          endpoint: "https://hub.docker.com",
          type: "docker-hub",
          project: "proxy.docker.io",
          public: true,
          quotaBytes: -1,
          cache: {},
          insecure: false,
          aliases: [],
          fallback: true,
          pullFromMirror: "all",
          mirrors: [],
        },
      ],
      pools: [
        {
          name: "workers",
          nodes: [{ name: "10.0.0.11", address: "10.0.0.11", port: 22, user: "ops", hostKey }],
          ...poolDefaults,
        },
      ],
    });
  });

  test("needs no nodes", () => {
    const tree = valid();
    delete tree["nodes"];
    expect(settingsOf(tree).pools).toEqual([]);
  });

  test("takes another project's name, and leaves other namespaces alone", () => {
    const raw = {
      ...rawOf(valid(), "cache"),
      "aws:region": "eu-west-1",
      "harborcache:url": "x",
      "pulumi:tags": "{}",
    };
    expect(parseSettings(raw, new Set(), "cache").hostname).toBe("registry.example.com");
  });
});

test("the stack's settings are read from the engine, secret keys included", async () => {
  await pulumi.runtime.setMocks(
    { call: () => ({}), newResource: () => ({ id: "", state: {} }) },
    "harbor-cache",
  );
  pulumi.runtime.setAllConfig(rawOf({ ...valid(), harbor: { databasePassword: "mine" } }));
  await expect(loadSettings()).rejects.toThrow("harbor.databasePassword: is a secret in clear text");
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", '["harbor-cache:harbor"]');
  try {
    expect(await plain(await loadSettings())).toMatchObject({ harbor: { databasePassword: "mine" } });
  } finally {
    vi.unstubAllEnvs();
  }
});

describe("what is wrong", () => {
  test("is told all at once, in a message that Pulumi shows without a stack", () => {
    const tree = {
      hostname: "https://registry.example.com",
      tls: { mode: "self-signd" },
      machine: { address: "10.0.0.10", port: "22", user: "ops" },
      harbor: { metrics: { enable: true }, httpPort: 0 },
      registries: ["docker.io", "Quay.io", { name: "docker.io", quota: 500 }],
      nodes: { pools: [{ name: "workers", nodes: [{ address: "10.0.0.11", hostKey: "x" }, { hostKey }] }] },
    };
    const failing = (): unknown => settingsOf(tree);
    expect(failing).toThrow(SettingsError);
    expect(failing).toThrow(pulumi.RunError);
    expect(() => settingsOf(tree)).toThrow(
      new SettingsError(
        [
          [
            "hostname",
            '"https://registry.example.com" must be a host name only: leave the scheme out; for example: registry.example.com',
          ],
          ["tls.mode", '"self-signd" is not known; did you mean self-signed?'],
          ["machine.port", '"22" must be a whole number, but is text; for example: 22'],
          [
            "machine.hostKey",
            "is missing; for example: ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)",
          ],
          ["harbor.httpPort", "0 must be a whole number from 1 to 65535; for example: 8080"],
          ["harbor.metrics.enable", "is no setting; did you mean enabled?"],
          ["registries[1]", '"Quay.io" must be in lower case; for example: registry.example.com:5000'],
          ["registries[2].quota", "500 has no unit; for example: 500GiB, or -1 for unlimited"],
          [
            "nodes.pools[0].nodes[0].hostKey",
            '"x" must begin with its algorithm, one of ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ' +
              "ecdsa-sha2-nistp521, ssh-rsa; for example: ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)",
          ],
          [
            "nodes.pools[0].nodes[1].address",
            "is missing; for example: node-1.example.com, 10.0.0.11 or 2001:db8::11",
          ],
        ].map(([path, message]) => ({ path: `harbor-cache:${path ?? ""}`, message: message ?? "" })),
      ),
    );
  });

  test("reads well", () => {
    expect(() => settingsOf({ ...valid(), hostname: "registry" })).toThrow(
      "The configuration has 1 error, so nothing was created or changed:\n" +
        '  harbor-cache:hostname: "registry" needs a dot or a port, else image references take it for a user\'s name at docker.io; for example: registry.example.com',
    );
  });

  test("what is missing altogether", () => {
    expect(errorsOf({})).toEqual([
      "harbor-cache:hostname: is missing; for example: registry.example.com",
      "harbor-cache:machine: is missing; for example: { address: 10.0.0.10, user: ops, hostKey: ssh-ed25519 AAAA… }",
      "harbor-cache:registries: is missing; for example: [docker.io, quay.io]",
    ]);
  });

  test("values of the wrong kind", () => {
    expect(
      errorsOf({ hostname: "h.example", tls: "none", machine: [], harbor: null, registries: {}, nodes: 7 }),
    ).toEqual([
      'harbor-cache:tls: "none" must be a mapping, but is text; for example: { mode: self-signed }',
      "harbor-cache:machine: must be a mapping, but is a list; for example: { address: 10.0.0.10, user: ops, hostKey: ssh-ed25519 AAAA… }",
      "harbor-cache:harbor: must be a mapping, but is empty; for example: { version: 2.15.2 }",
      "harbor-cache:registries: must be a list, but is a mapping; for example: [docker.io, quay.io]",
      "harbor-cache:nodes: 7 must be a mapping, but is a number; for example: { user: ops, pools: [{ name: workers, nodes: [{ address: 10.0.0.11, hostKey: ssh-ed25519 AAAA… }] }] }",
    ]);
  });

  test("unknown keys: the near one, else the known ones", () => {
    expect(
      errorsOf({
        ...valid(),
        host_name: "x",
        frobnicate: 1,
        tls: { mode: "none", modus: 1 },
        harbor: { cache: { colour: "red" }, dataVolume: { device: "/dev/vdb", fstype: "xfs" } },
      }),
    ).toEqual([
      "harbor-cache:host_name: is no setting; did you mean hostname?",
      "harbor-cache:frobnicate: is no setting; known here: hostname, tls, machine, harbor, edge, gitops, protect, cache, projects, destinations, robots, login, maintenance, registries, nodes",
      "harbor-cache:tls.modus: is no setting; known here: mode",
      "harbor-cache:harbor.dataVolume.fstype: is no setting; did you mean fsType?",
      "harbor-cache:harbor.cache.colour: is no setting; known here: enabled, expireHours",
    ]);
  });

  test("a namespace that is nearly ours", () => {
    const raw = { ...rawOf(valid()), "harbor-cahe:harbor": "{}" };
    expect(() => parseSettings(raw, new Set())).toThrow(
      "\n  harbor-cahe:harbor: is in an unknown namespace; did you mean harbor-cache:harbor?",
    );
  });
});

describe("secrets", () => {
  const password = "Hunter2hunter2";
  const key =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n-----END OPENSSH PRIVATE KEY-----\n";

  function withSecrets(): Record<string, unknown> {
    return {
      ...valid(),
      machine: { address: "10.0.0.10", user: "ops", hostKey, privateKey: key },
      harbor: { adminPassword: password, databasePassword: password },
      registries: [{ name: "docker.io", credentials: { username: "me", password } }],
      nodes: { user: "ops", privateKey: key, pools: [] },
    };
  }

  test("become secret Outputs", async () => {
    const settings = settingsOf(withSecrets(), allSecret);
    expect(await plain(settings)).toMatchObject({
      machine: { privateKey: key },
      harbor: { adminPassword: password, databasePassword: password },
      registries: [{ credentials: { username: "me", password }, public: false }],
    });
    const { machine, harbor, registries } = settings;
    const found = [
      machine.type === "existing" && machine.privateKey,
      harbor.adminPassword,
      harbor.databasePassword,
      registries[0]?.credentials?.password,
    ];
    for (const value of found) {
      expect(pulumi.Output.isInstance(value) && (await pulumi.isSecret(value))).toBe(true);
    }
  });

  test("in clear text are refused, with the command that encrypts them", () => {
    const clear = (path: string): string =>
      `harbor-cache:${path}: is a secret in clear text; this encrypts it: pulumi config set --secret --path 'harbor-cache:${path}'`;
    expect(errorsOf(withSecrets())).toEqual([
      clear("machine.privateKey"),
      clear("harbor.adminPassword"),
      clear("harbor.databasePassword"),
      clear("registries[0].credentials.password"),
      clear("nodes.privateKey"),
    ]);
    expect(errorsOf({ ...valid(), harbor: { admin: { adminPassword: password } } })).toContain(
      clear("harbor.admin.adminPassword"),
    );
  });

  test("never appear in an error, wherever they were put", () => {
    const misplaced = {
      ...valid(),
      machine: {
        address: `https://root:${password}@10.0.0.10`,
        user: `a ${password}`,
        hostKey: key,
        port: password,
      },
      harbor: {
        adminPassword: `${password} é`,
        version: password,
        metrics: password,
        proxy: { httpProxy: password },
      },
      registries: [password, { name: password, credentials: { username: 7, password: `\n${password}` } }],
      nodes: {
        user: ` ${password}`,
        privateKey: password,
        runtime: password,
        pools: [{ name: password, nodes: password }],
      },
    };
    const errors = errorsOf(misplaced, allSecret);
    expect(errors.length).toBeGreaterThan(12);
    expect(errors.join("\n")).not.toContain(password);
    // Keys that are not marked as secret show values, but neither passwords in URLs nor keys.
    const clear = errorsOf({
      ...valid(),
      machine: { address: `https://root:${password}@10.0.0.10`, user: key, hostKey: key },
      harbor: {
        adminPassword: `${password} é`,
        proxy: { httpProxy: `http://me:${password}@proxy.example.com` },
        installer: { url: `https://files.example.com/h.tgz?sig=${password}#x` },
      },
    });
    expect(clear).toContain(
      'harbor-cache:machine.address: "https://…@10.0.0.10" must be a host name or an IP address: leave the scheme out; for example: node-1.example.com, 10.0.0.11 or 2001:db8::11',
    );
    expect(clear.join("\n")).not.toMatch(new RegExp(`${password}|b3Blb`));
  });
});
