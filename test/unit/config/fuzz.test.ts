import fc from "fast-check";
import { expect, test } from "vitest";
import { catalogue } from "../../../config/catalogue.ts";
import { parseSettings } from "../../../config/load.ts";
import { SettingsError } from "../../../config/problems.ts";
import type { Settings } from "../../../config/settings.ts";
import { topLevel } from "../../../config/top-level.ts";
import { allSecret, errorsOf, hostKey, plain, rawOf, settingsOf, valid, type Tree } from "./valid.ts";

const names = [...Object.keys(topLevel), "registries", "nodes"];

/** Settings, or the one error that wrong settings may end in. */
function outcome(raw: Record<string, string>, secretKeys: ReadonlySet<string>): Settings | SettingsError {
  try {
    return parseSettings(raw, secretKeys);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

const port = fc.integer({ min: 1, max: 65535 });
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const user = fc.constantFrom("root", "ops", "ubuntu", "first.last");
const path = fc.array(label, { minLength: 2, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
const optional = { requiredKeys: [] as never[] };

const sizes = fc.tuple(fc.integer({ min: 1, max: 1024 }), fc.constantFrom("MiB", "GiB", "TiB"));
const quota = fc.oneof(
  fc.constant<string | number>(-1),
  sizes.map(([amount, unit]) => `${amount}${unit}`),
);

const access = { user, port, hostKey: fc.constant(hostKey) };

const registry = fc
  .tuple(
    label,
    fc.option(port, { nil: undefined }),
    fc.record({ quota, public: fc.boolean(), insecure: fc.boolean() }, optional),
  )
  .map(([name, at, more]) => ({ ...more, name: `${name}.registry.test${at === undefined ? "" : `:${at}`}` }));

const registries = fc
  .tuple(
    fc.subarray([...catalogue.keys()], { minLength: 1 }),
    // Ports are written by a sign that the project's name can't keep apart from the name's own.
    fc.uniqueArray(registry, { selector: ({ name }) => name.replace(/\W/g, ""), maxLength: 4 }),
  )
  .map(([known, own]) => [...known, ...own]);

const harbor = fc.record(
  {
    version: fc.constantFrom("2.15.0", "2.15.2", "2.20.11"),
    installer: fc.constantFrom(
      { sha256: "0".repeat(64) },
      { url: "https://f.example.com/h.tgz", cosign: true },
    ),
    installDir: path.map((tail) => `/opt${tail}`),
    dataDir: path.map((tail) => `/data${tail}`),
    httpPort: fc.integer({ min: 500, max: 999 }),
    httpsPort: fc.integer({ min: 1000, max: 1999 }),
    loopbackPort: fc.integer({ min: 3000, max: 3999 }),
    metrics: fc.record({ enabled: fc.boolean(), port: fc.integer({ min: 2000, max: 2999 }) }, optional),
    requirements: fc.record(
      { cpus: fc.integer({ min: 1, max: 64 }), memoryGiB: fc.integer({ min: 0, max: 64 }) },
      optional,
    ),
    logLevel: fc.constantFrom("debug", "info", "warning", "error", "fatal"),
    purgeData: fc.boolean(),
    adminPassword: fc.stringMatching(/^[a-z]{4}[A-Z]{4}[0-9]{4}$/),
  },
  optional,
);

const pools = fc
  .array(fc.array(fc.tuple(user, port), { minLength: 1, maxLength: 4 }), { maxLength: 4 })
  .map((groups) =>
    groups.map((members, i) => ({
      name: `pool-${i}`,
      nodes: members.map(([name, at], j) => ({ address: `10.0.${i}.${j}`, user: name, port: at, hostKey })),
    })),
  );

const percent = fc.integer({ min: 1, max: 100 }).map((part) => `${part}%`);
const defaultRollout = { canary: 1, wave: "25%", pause: 10, maxFailed: 0, parallel: 10 };
const rollout = fc.record(
  {
    canary: fc.nat({ max: 50 }),
    wave: fc.oneof(percent, fc.integer({ min: 1, max: 500 })),
    pause: fc.nat({ max: 3600 }),
    maxFailed: fc.oneof(percent, fc.nat({ max: 50 })),
    parallel: fc.integer({ min: 1, max: 500 }),
  },
  optional,
);

const login = fc.record(
  {
    issuer: label.map((name) => `https://${name}.dex.test`),
    client: fc.constantFrom(
      { mode: "oauth2client", context: "production", namespace: "auth" },
      { mode: "existing", id: "harbor", secret: "Of-The-Client-7" },
    ),
    userClaim: fc.constant("email"),
    autoOnboard: fc.boolean(),
    verifyCertificate: fc.boolean(),
    members: fc
      .uniqueArray(label, { maxLength: 3 })
      .map((groups) => groups.map((group) => ({ group, role: "guest" }))),
  },
  { requiredKeys: ["issuer", "client", "userClaim"] },
);

/** Settings that are right, with every setting written that has a value of its own afterwards. */
const right = fc.record(
  {
    hostname: label.map((name) => `${name}.harbor.test`),
    tls: fc.constantFrom<Tree>(
      { mode: "none" },
      { mode: "self-signed", validityDays: 400, renewBeforeDays: 30 },
    ),
    machine: fc.record({ address: fc.ipV4(), ...access }),
    harbor,
    edge: fc.record({ accessLog: fc.boolean(), hstsSeconds: fc.nat({ max: 63_072_000 }) }, optional),
    gitops: fc.record({ folder: path.map((tail) => tail.slice(1)) }, optional),
    protect: fc.boolean(),
    login,
    registries,
    nodes: fc.record({ rollout, pools }, { requiredKeys: ["pools"] }),
  },
  { requiredKeys: ["hostname", "machine", "registries"] },
);

/** Keys in another order, at every level. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test("what is right comes back as it was written, whatever the order of its keys", async () => {
  await fc.assert(
    fc.asyncProperty(right, async (tree) => {
      const settings = settingsOf(tree, allSecret);
      const values = await plain(settings);
      expect(values).toMatchObject({
        hostname: tree.hostname,
        tls: tree.tls ?? { mode: "self-signed" },
        machine: tree.machine,
        harbor: tree.harbor ?? {},
        edge: tree.edge ?? {},
        gitops: tree.gitops ?? {},
        protect: tree.protect ?? true,
        ...(tree.login && { login: tree.login }),
        pools: (tree.nodes?.pools ?? []).map((pool) => ({
          ...pool,
          rollout: { ...defaultRollout, ...tree.nodes?.rollout },
        })),
      });
      expect(settings.registries.map(({ name }) => name)).toEqual(
        tree.registries.map((one) => (typeof one === "string" ? one : one.name)),
      );
      const again = rawOf(reversed(tree) as Tree);
      expect(await plain(parseSettings(again, allSecret))).toEqual(values);
    }),
    { numRuns: 150 },
  );
});

test("what settings were completed to is right again, and completes to itself", async () => {
  await fc.assert(
    fc.asyncProperty(right, async (tree) => {
      const values = await plain(settingsOf(tree, allSecret));
      const { pools: completed, registries: filled, ...rest } = values as Settings;
      const again = {
        ...rest,
        registries: filled.map(({ quotaBytes, ...one }) => ({
          ...one,
          quota: quotaBytes === -1 ? -1 : `${quotaBytes / 2 ** 20}MiB`,
        })),
        nodes: { pools: completed },
      };
      expect(await plain(settingsOf(again, allSecret))).toEqual(values);
    }),
    { numRuns: 100 },
  );
});

test("any JSON ends in settings or in a SettingsError", () => {
  const key = fc.oneof(fc.constantFrom(...names), fc.string()).map((name) => `harbor-cache:${name}`);
  const value = fc.oneof(fc.json({ maxDepth: 3 }), fc.string());
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 6 }), fc.boolean(), (raw, secret) => {
      const result = outcome(raw, secret ? new Set(Object.keys(raw)) : new Set());
      expect(result).toBeInstanceOf(SettingsError);
    }),
    { numRuns: 400 },
  );
});

/** Every place in a value, the value itself included. */
function* places(value: unknown, at: readonly string[] = []): Generator<readonly string[]> {
  yield at;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...at, key]);
}

/** A copy with another value at one place; `undefined` takes it away. */
function changed(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  const copy: Tree = Object.fromEntries(Object.entries(value as object));
  const inner = changed(copy[key], rest, to);
  if (inner === undefined) Reflect.deleteProperty(copy, key);
  else copy[key] = inner;
  return Array.isArray(value) ? Object.values<unknown>(copy) : copy;
}

test("right settings with one thing changed end in settings or in errors below what was changed", () => {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      "",
      " ",
      "..",
      "__proto__",
      -1,
      0,
      1e21,
      [],
      {},
      [null],
      "a".repeat(300),
    ),
    fc.string({ unit: "binary" }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(right, fc.nat(), odd, (tree, choice, to) => {
      const all = [...places(tree)].filter((place) => place.length > 0);
      const place = all[choice % all.length] ?? [];
      const raw = rawOf(changed(tree, place, to) as Tree);
      const result = outcome(raw, allSecret);
      if (!(result instanceof SettingsError)) return;
      const { problems } = result;
      expect(problems.length).toBeGreaterThan(0);
      for (const { path, message } of problems) {
        expect(path.startsWith("harbor-cache:")).toBe(true);
        // An error of one line, in words of ours.
        expect(message).toMatch(/^[^\n]{10,}$/);
        expect(message).not.toMatch(/Invalid|undefined|\[object|NaN/);
      }
    }),
    { numRuns: 500 },
  );
});

test("an unknown key at any place is found", () => {
  fc.assert(
    fc.property(right, fc.nat(), (tree, choice) => {
      const mappings = [...places(tree)].filter((place) => {
        const value = place.reduce<unknown>((inner, key) => Reflect.get(inner as object, key), tree);
        return typeof value === "object" && value !== null && !Array.isArray(value);
      });
      const place = mappings[choice % mappings.length] ?? [];
      const errors = errorsOf(changed(tree, [...place, "zzzzzzzzzzzzz"], 1) as Tree, allSecret);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/zzzzzzzzzzzzz: is no setting; known here: /);
    }),
    { numRuns: 100 },
  );
});

test("a password never appears, whatever is wrong around it", () => {
  const secret = "Hunter2hunter2";
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom("harbor", "machine", "tls", "login", "registries", "nodes"),
      (noise, key) => {
        const holder = {
          adminPassword: secret,
          privateKey: secret,
          credentials: { password: secret, secretAccessKey: secret },
          client: { mode: "existing", secret, kubeconfig: secret },
          noise,
        };
        const value = key === "registries" ? [holder, noise] : holder;
        for (const secretKeys of [allSecret, new Set<string>()]) {
          const errors = errorsOf({ ...valid(), [key]: value }, secretKeys);
          expect(errors.length).toBeGreaterThan(0);
          expect(errors.join("\n")).not.toContain(secret);
        }
      },
    ),
    { numRuns: 100 },
  );
});
