/**
 * Checks properties against the types that a Pulumi npm package publishes in its .d.ts files, for stand-ins of its
 * plugin:
 *
 *     const types = publishedTypes("@pulumi/aws");
 *     types.resource("aws:ec2/instance:Instance")(inputs)   // InstanceArgs: [{ property: "ami", reason: "…" }]
 *     types.outputs("aws:ec2/instance:Instance")(state)     // what the class `Instance` reads from a state
 *     types.invoke("aws:ec2/getVpc:getVpc")(args)           // GetVpcArgs
 *     types.result("aws:ec2/getVpc:getVpc")(answer)         // GetVpcResult
 *     types.provider()(configuration)                       // ProviderArgs
 *
 * Properties are those of `fromStruct` (provider/values.ts): secrets are unwrapped, an UNKNOWN is right everywhere, a
 * null counts as absent. Found are names that aren't there, wrong types, missing properties and values that an enum or
 * a union doesn't have, in objects, lists and maps at any depth; a problem never shows a value. A token that the
 * package doesn't have throws. Syntax only: no type checker runs, and only the files that are needed are read.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { CheckFailure } from "../../../provider/resource.ts";
import { isUnknown } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { Declarations, find } from "./declarations.ts";
import { TypeReader } from "./read-type.ts";
import { checkFields } from "./type.ts";
import type { Fields, Type } from "./type.ts";
import { ts } from "./typescript.ts";

/** Problems with their property paths (`rootBlockDevice.volumeSize`); none: all is right. */
export type Checker = (properties: Properties) => CheckFailure[];

export interface PublishedTypes {
  resource(token: string): Checker;
  outputs(token: string): Checker;
  invoke(token: string): Checker;
  result(token: string): Checker;
  provider(): Checker;
}

const packages = new Map<string, PublishedTypes>();

/** The package's types, from the project's node_modules. */
export function publishedTypes(packageName: string): PublishedTypes {
  const types = packages.get(packageName) ?? readPackage(packageName);
  packages.set(packageName, types);
  return types;
}

function readPackage(packageName: string): PublishedTypes {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const declarations = new Declarations(join(root, "node_modules", packageName));
  const reader = new TypeReader(declarations);
  const known = new Map<string, Fields>();

  /** `Name` is the last part of the token; `form` says which declaration of its file it is about. */
  const fields = (token: string, form: (name: string) => string, outputs = false): Fields => {
    const key = `${token} ${form("")} ${outputs}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const { path, name } = place(token);
    const piece = declarations.file(path);
    if (piece === undefined) throw new Error(`${packageName} has no ${token}`);
    const node = outputs
      ? find(piece, form(name), ts.isClassDeclaration)
      : find(piece, form(name), ts.isInterfaceDeclaration);
    // An invoke without arguments has no interface for them.
    const read: Fields = node === undefined ? new Map() : reader.fields(piece, node);
    known.set(key, read);
    return read;
  };
  const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

  return {
    resource: (token) => check(fields(token, (name) => `${name}Args`)),
    outputs: (token) => check(fields(token, (name) => name, true)),
    invoke: (token) => check(fields(token, (name) => `${capitalized(name)}Args`)),
    result: (token) => check(fields(token, (name) => `${capitalized(name)}Result`)),
    provider: () => {
      const expected = fields("pulumi:index/provider:Provider", (name) => `${name}Args`);
      return (properties) => checkFields(expected, unquoted(expected, properties));
    },
  };
}

const check =
  (fields: Fields): Checker =>
  (properties) =>
    checkFields(fields, properties);

/** `aws:ec2/instance:Instance` is in ec2/instance, `docker:index/volume:Volume` in volume. */
function place(token: string): { path: string; name: string } {
  const [, path, name] = /^[^:]+:([^:]+):(\w+)$/.exec(token) ?? [];
  if (path === undefined || name === undefined) throw new Error(`${token} is no type token in three parts`);
  return { path: dirname(path) === "index" ? path.slice("index/".length) : path, name };
}

/** A provider's configuration has texts only: what isn't one comes as JSON. The engine adds the plugin's version. */
function unquoted(expected: Fields, configuration: Properties): Properties {
  const own = Object.entries(configuration).filter(
    ([name]) => !["version", "pluginDownloadURL"].includes(name),
  );
  return Object.fromEntries(
    own.map(([name, value]) => {
      const type = expected.get(name)?.type;
      return [name, type === undefined || type.kind === "string" ? value : parsed(value, type)];
    }),
  );
}

function parsed(value: Value, type: Type): Value {
  if (typeof value !== "string" || isUnknown(value) || type.kind === "any") return value;
  try {
    return JSON.parse(value) as Value;
  } catch {
    return value;
  }
}
