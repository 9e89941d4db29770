/**
 * Stand-in for the plugin of @pulumi/aws 7.48.0, for machines that can't download the real one, or have no credentials.
 * It makes nothing: it checks every input against the types that the package publishes and against what AWS refuses,
 * keeps what was made in a file (see cloud.ts), and records each call. Types and functions that it doesn't know are
 * refused.
 */
import { randomBytes } from "node:crypto";

import { diffProperties } from "../../../provider/property-diff.ts";
import type { DiffResult } from "../../../provider/resource.ts";
import { hasUnknown, isUnknown, UNKNOWN } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import type { Plugin } from "../plugin-server.ts";
import { unknown } from "../plugin-server.ts";
import { publishedTypes } from "../published-types/published-types.ts";
import { Cloud, findMade } from "./cloud.ts";
import type { CloudContents } from "./cloud.ts";
import type { Kind, Place } from "./kind.ts";
import { KINDS } from "./kinds.ts";
import { LOOKUPS } from "./lookups.ts";

const kinds: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [kind.type, kind]));

function kindOf(type: string): Kind {
  const kind = kinds.get(type);
  if (kind === undefined) throw new Error(unknown(IDENTITY, "resource", type));
  return kind;
}

const IDENTITY = { name: "aws", version: "7.48.0" };

/** `folder` holds the cloud; without it nothing can be made, and what is looked up is made up. */
export function awsPlugin(folder: string | undefined): Plugin {
  const types = publishedTypes("@pulumi/aws");
  let cloud: Cloud | undefined;
  let defaultTags: Properties = {};
  let told = false;

  const there = (): Cloud => {
    if (cloud !== undefined) return cloud;
    throw new Error("the stand-in for the plugin aws was not configured");
  };
  const place = (contents: CloudContents): Place => {
    const { region } = there();
    return {
      region,
      cloud: contents,
      arn: (service, resource, { global = false } = {}) =>
        `arn:aws:${service}:${global ? "" : region}:${contents.account}:${resource}`,
    };
  };
  /** Inputs and outputs; tags are joined with the provider's. */
  const stateOf = (type: string, inputs: Properties, outputs: Properties): Properties => {
    const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== "__defaults"));
    const state: Record<string, Value> = { ...given, ...outputs };
    const read = new Set(
      types
        .outputs(type)({})
        .map(({ property }) => property),
    );
    if (read.has("tagsAll")) state["tagsAll"] = { ...defaultTags, ...asMap(inputs["tags"]) };
    if (read.has("region")) state["region"] ??= there().region;
    return state;
  };

  return {
    ...IDENTITY,
    knows: (type) => kinds.has(type),
    checkConfig: (configuration) => {
      const region = configuration["region"] ?? process.env["AWS_REGION"] ?? "";
      return [
        ...types.provider()(configuration),
        ...(region === ""
          ? [{ property: "region", reason: "missing required configuration key aws:region" }]
          : []),
      ];
    },
    configure: (configuration) => {
      const region = configuration["region"] ?? process.env["AWS_REGION"];
      const shared = configuration["defaultTags"];
      if (typeof shared === "string") defaultTags = asMap(asMap(JSON.parse(shared) as Value)["tags"]);
      cloud = new Cloud(typeof region === "string" ? region : "unknown", folder);
    },
    check: (type, news, olds, name) => {
      const kind = kindOf(type);
      const inputs = autonamed(kind, news, olds, name);
      const failures = types.resource(type)(inputs);
      return { inputs, failures: failures.length > 0 ? failures : (kind.check?.(inputs) ?? []) };
    },
    diff: (type, _id, olds, _state, news) => diff(kindOf(type), olds, news),
    create: (call, inputs) => {
      const kind = kindOf(call.type);
      if (call.preview) return { id: "", state: notYet(stateOf(call.type, inputs, {}), call.type) };
      const cloudNow = there();
      if (cloudNow.madeUp) {
        throw new Error(
          `the stand-in for the plugin aws makes nothing: ${call.name} (${call.type}) needs the real plugin`,
        );
      }
      const made = cloudNow.change((contents) => {
        const { id, outputs } = kind.create(inputs, place(contents));
        const state = stateOf(call.type, inputs, outputs);
        contents.made.push({ type: call.type, id, inputs, state });
        return { id, state };
      });
      cloudNow.record(kind.actions.create, { type: call.type, id: made.id, inputs });
      return made;
    },
    update: (call, id, state, news) => {
      const kind = kindOf(call.type);
      const given = { ...state, ...news };
      if (call.preview) return stateOf(call.type, given, {});
      const cloudNow = there();
      const result = cloudNow.change((contents) => {
        const made = findMade(contents, call.type, id);
        if (made === undefined) throw new Error(`${call.type} ${id} not found`);
        const outputs = {
          ...outputsOf(made.inputs, made.state),
          ...kind.update?.(made, news, place(contents)),
        };
        made.inputs = news;
        made.state = stateOf(call.type, news, outputs);
        return made.state;
      });
      cloudNow.record(kind.actions.update, { type: call.type, id, inputs: news });
      return result;
    },
    read: (call, id, inputs) => {
      const made = findMade(there().contents, call.type, id);
      if (made === undefined) return undefined;
      // What the program doesn't set is no input of its.
      const known = Object.keys(inputs).length === 0 ? Object.keys(made.inputs) : Object.keys(inputs);
      const seen = { ...made.inputs, ...made.state };
      const now = Object.fromEntries(
        known.flatMap((key) => (seen[key] === undefined ? [] : [[key, seen[key]]])),
      ) as Properties;
      return { id, inputs: { ...inputs, ...now }, state: made.state };
    },
    delete: (call, id, state) => {
      const kind = kindOf(call.type);
      const cloudNow = there();
      cloudNow.change((contents) => {
        kind.beforeRemove?.(state, place(contents));
        const made = findMade(contents, call.type, id);
        // What is gone already is no error.
        if (made === undefined) return;
        kind.remove?.(made, place(contents));
        contents.made = contents.made.filter((one) => one !== made);
      });
      cloudNow.record(kind.actions.delete, { type: call.type, id });
    },
    invoke: (token, args, log) => {
      const lookup = LOOKUPS[token];
      if (lookup === undefined) throw new Error(unknown(IDENTITY, "function", token));
      const [wrong] = types.invoke(token)(args);
      if (wrong !== undefined) throw new Error(`${token}: ${wrong.property}: ${wrong.reason}`);
      const cloudNow = there();
      if (cloudNow.madeUp && !told) {
        told = true;
        log("info", "stand-in for the plugin aws: what is looked up in AWS is made up, nobody was asked");
      }
      const answer = lookup(args, cloudNow);
      cloudNow.record(lookup.action, { args });
      return answer;
    },
  };

  /** Everything that a resource of this type always has and that isn't known before it is made. */
  function notYet(state: Properties, type: string): Properties {
    const missing = types
      .outputs(type)(state)
      .filter(({ property }) => state[property] === undefined);
    return { ...state, ...Object.fromEntries(missing.map(({ property }) => [property, UNKNOWN])) };
  }
}

/** The name as the bridge makes it: kept once made, and marked as a default. */
function autonamed(
  { autonamed: property }: Kind,
  news: Properties,
  olds: Properties,
  name: string,
): Properties {
  if (property === undefined || (news[property] ?? undefined) !== undefined) return news;
  const kept = isDefault(olds, property) ? olds[property] : undefined;
  return {
    ...news,
    [property]: kept ?? `${name}-${randomBytes(4).toString("hex").slice(0, 7)}`,
    __defaults: [property],
  };
}

const isDefault = (inputs: Properties, property: string): boolean =>
  Array.isArray(inputs["__defaults"]) && inputs["__defaults"].includes(property);

function diff(kind: Kind, olds: Properties, news: Properties): DiffResult {
  const replaced = [...kind.replacedBy, ...(kind.alsoReplacedBy?.(olds, news) ?? [])];
  const found = Object.entries(diffProperties(ordered(kind, olds), ordered(kind, news))).filter(
    ([path]) => !path.startsWith("__"),
  );
  const detailed = Object.fromEntries(
    found.map(([path, change]) => {
      const plain = path.replaceAll(/\[\d+\]/g, "[]");
      const replaces = replaced.some(
        (one) => plain === one || (/^[.[]/.test(plain.slice(one.length)) && plain.startsWith(one)),
      );

      return [path, replaces ? { ...change, kind: `${change.kind}-replace` } : change];
    }),
  ) as DiffResult["detailed"];
  // Two can't have the same name; only one that was made up changes by itself.
  const named = kind.autonamed !== undefined && !isDefault(news, kind.autonamed);
  return { detailed, deleteBeforeReplace: named };
}

function ordered({ sets = [] }: Kind, properties: Properties): Properties {
  const sorted = sets.flatMap((name) => {
    const list = properties[name];
    const known = Array.isArray(list) && !list.some(hasUnknown);
    return known ? [[name, list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))]] : [];
  });
  return { ...properties, ...(Object.fromEntries(sorted) as Properties) };
}

const outputsOf = (inputs: Properties, state: Properties): Properties =>
  Object.fromEntries(Object.entries(state).filter(([name]) => inputs[name] === undefined));

function asMap(value: Value | undefined): Properties {
  return typeof value === "object" && value !== null && !isUnknown(value) && !Array.isArray(value)
    ? (value as Properties)
    : {};
}
