import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { catalogue } from "../../../config/catalogue.ts";
import { cacheOptions } from "../../../config/schema/cache.ts";
import { edge, gitops } from "../../../config/schema/edge.ts";
import { harbor } from "../../../config/schema/harbor.ts";
import { login, member } from "../../../config/schema/login.ts";
import { machine } from "../../../config/schema/machine.ts";
import { node, nodes, pool } from "../../../config/schema/nodes.ts";
import { maintenance } from "../../../config/schema/maintenance.ts";
import { destination, project as ownProject } from "../../../config/schema/project.ts";
import { registry } from "../../../config/schema/registry.ts";
import { robot } from "../../../config/schema/robot.ts";
import { isSecretField } from "../../../config/schema/secret.ts";
import { tls } from "../../../config/schema/tls.ts";
import { plain, settingsOf, valid, type Tree } from "./valid.ts";

const root = join(import.meta.dirname, "../../..");

function yamlOf(file: string): unknown {
  return parse(readFileSync(join(root, file), "utf8"));
}

const tree = z.record(z.string(), z.unknown());

describe.each(["prod", "onprem", "lab"])("Pulumi.%s.yaml", (stack) => {
  const { config, ...others } = z.looseObject({ config: tree }).parse(yamlOf(`Pulumi.${stack}.yaml`));
  const own = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith("harbor-cache:") ? [[key.slice("harbor-cache:".length), value]] : [],
    ),
  );

  test("is right as it stands, without a secret", () => {
    expect(settingsOf(own).registries.length).toBeGreaterThan(0);
    expect(others).toEqual({});
    expect(JSON.stringify(own)).not.toMatch(/"secure"|PRIVATE KEY|[Pp]assword/);
  });

  test("sets every top-level setting that it needs, and others only of the provider for AWS", () => {
    const [front, people] = stack === "prod" ? [["edge", "protect"], ["login"]] : [[], []];
    expect(Object.keys(own)).toEqual([
      "hostname",
      "tls",
      "machine",
      "harbor",
      ...front,
      "registries",
      ...people,
      "nodes",
    ]);
    const foreign = Object.keys(config).filter((key) => !key.startsWith("harbor-cache:"));
    expect(foreign).toEqual(stack === "prod" ? ["aws:region"] : []);
  });
});

test("the examples are what they are called", () => {
  const of = (stack: string): Tree => {
    const { config } = z.object({ config: tree }).parse(yamlOf(`Pulumi.${stack}.yaml`));
    return Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.replace("harbor-cache:", ""), value]),
    );
  };
  const [prod, onprem, lab] = ["prod", "onprem", "lab"].map((stack) => {
    const own = of(stack);
    delete own["aws:region"];
    return settingsOf(own);
  });
  expect([prod?.machine.type, prod?.tls.mode]).toEqual(["aws", "letsencrypt-route53"]);
  expect([onprem?.machine.type, onprem?.tls.mode]).toEqual(["existing", "self-signed"]);
  expect([prod, onprem, lab].map((settings) => settings?.login?.client.mode)).toEqual([
    "oauth2client",
    undefined,
    undefined,
  ]);
  expect(onprem?.pools.every(({ nodes: members }) => members.every(({ jump }) => jump !== undefined))).toBe(
    true,
  );
  expect(
    lab?.pools.every(
      ({ sudo, nodes: members }) => !sudo && members.every((one) => one.address === "127.0.0.1"),
    ),
  ).toBe(true);
});

describe("Pulumi.yaml", () => {
  const setting = z.strictObject({
    type: z.enum(["string", "object", "boolean", "array"]).optional(),
    items: z.strictObject({ type: z.literal("object") }).optional(),
    description: z.string().min(20),
    default: z.unknown().optional(),
  });
  const project = z
    .object({
      name: z.string(),
      main: z.string(),
      runtime: z.unknown(),
      plugins: z.unknown(),
      config: z.record(z.string(), setting),
    })
    .parse(yamlOf("Pulumi.yaml"));

  test("runs index.ts by Node alone, with our provider beside it", () => {
    expect(project).toMatchObject({
      name: "harbor-cache",
      main: "index.ts",
      runtime: { name: "nodejs", options: { typescript: false } },
      plugins: { providers: [{ name: "harborcache", path: "provider" }] },
    });
  });

  test("declares every setting, with defaults that are the schema's own", async () => {
    expect(Object.keys(project.config)).toEqual([
      "hostname",
      "tls",
      "machine",
      "harbor",
      "edge",
      "gitops",
      "protect",
      "registries",
      "cache",
      "projects",
      "destinations",
      "robots",
      "login",
      "maintenance",
      "nodes",
    ]);
    const defaults = Object.fromEntries(
      Object.entries(project.config).flatMap(([key, { default: value }]) =>
        value === undefined ? [] : [[key, value]],
      ),
    );
    expect(Object.keys(defaults)).toEqual([
      "tls",
      "harbor",
      "edge",
      "gitops",
      "protect",
      "cache",
      "projects",
      "destinations",
      "robots",
      "login",
      "maintenance",
      "nodes",
    ]);
    const without = valid();
    delete without["nodes"];
    expect(await plain(settingsOf({ ...without, ...defaults }))).toEqual(await plain(settingsOf(without)));
  });

  test.each(
    Object.entries({
      tls,
      harbor,
      edge,
      gitops,
      registries: registry,
      cache: cacheOptions,
      projects: ownProject,
      destinations: destination,
      robots: robot,
      login,
      maintenance,
      nodes,
    }),
  )("names every key of %s", (setting, schema) => {
    const says = project.config[setting]?.description ?? "";
    const keys = keysOf(jsonSchema(schema));
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !says.includes(key))).toEqual([]);
  });

  test("names every known registry", () => {
    const says = project.config["registries"]?.description ?? "";
    expect([...catalogue.keys()].filter((name) => !says.includes(name))).toEqual([]);
  });
});

function keysOf({ properties = {}, oneOf = [] }: Described): string[] {
  return [...Object.keys(properties), ...oneOf.flatMap(keysOf)];
}

interface Described {
  readonly description?: string | undefined;
  readonly writeOnly?: boolean | undefined;
  readonly properties?: Readonly<Record<string, Described>> | undefined;
  readonly oneOf?: readonly Described[] | undefined;
}

const described: z.ZodType<Described> = z.lazy(() =>
  z.looseObject({
    description: z.string().optional(),
    writeOnly: z.boolean().optional(),
    properties: z.record(z.string(), described).optional(),
    oneOf: z.array(described).optional(),
  }),
);

function jsonSchema(schema: z.ZodType): Described {
  return described.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

describe("the schemas", () => {
  const parts = { harbor, machine, tls, edge, gitops, registry, login, member, nodes, pool, node };

  /** Every setting with its path. */
  function* settings(
    schema: Described,
    path: string,
  ): Generator<{ path: string; name: string; schema: Described }> {
    for (const option of schema.oneOf ?? []) yield* settings(option, path);
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      yield { path: `${path}.${name}`, name, schema: inner };
      yield* settings(inner, `${path}.${name}`);
    }
  }

  const all = Object.entries(parts).flatMap(([name, schema]) => [...settings(jsonSchema(schema), name)]);

  test("describe each setting", () => {
    expect(all.length).toBeGreaterThan(120);
    expect(all.flatMap(({ path, schema }) => (schema.description === undefined ? [path] : []))).toEqual([]);
  });

  test("hold secrets exactly where the name says so", () => {
    expect(all.flatMap(({ path, schema }) => (schema.writeOnly === true ? [path] : []))).toEqual(
      all.flatMap(({ path, name }) => (isSecretField(name) ? [path] : [])),
    );
  });
});
