/**
 * Stand-in for the plugin of @pulumi/docker 5.2.0, for machines that can't download the real one. It acts for real on
 * the Docker engine that the provider names, over the local `ssh` or a unix socket, with the inputs that the package
 * publishes. It knows Network, Volume and RemoteImage (pulled, not built); all else is refused by name.
 */
import { z } from "zod";

import type { CheckResult } from "../../../provider/resource.ts";
import { isUnknown } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import type { Plugin } from "../plugin-server.ts";
import { publishedTypes } from "../published-types/published-types.ts";
import type { PublishedTypes } from "../published-types/published-types.ts";
import { Engine } from "./engine.ts";
import type { At, Kind } from "./kind.ts";
import { diff, planned, refreshed } from "./kind-state.ts";
import { network } from "./network.ts";
import { remoteImage } from "./remote-image.ts";
import { volume } from "./volume.ts";

const KINDS: Readonly<Record<string, Kind>> = {
  "docker:index/network:Network": network,
  "docker:index/volume:Volume": volume,
  "docker:index/remoteImage:RemoteImage": remoteImage,
};

const IN_USE_MS = 30_000;

/** Anything but texts comes as JSON. */
const configurationSchema = z.object({
  host: z.string(),
  sshOpts: z
    .string()
    .transform((text) => z.array(z.string()).parse(JSON.parse(text)))
    .default([]),
  disableDockerDaemonCheck: z.enum(["true", "false"]).default("false"),
});

/** `inUseMs`: how long an object that is still in use is waited for at its deletion, default 30 s. */
export function dockerPlugin({ inUseMs = IN_USE_MS } = {}): Plugin {
  const types = publishedTypes("@pulumi/docker");
  let engine: Engine | undefined;
  const at = (signal: AbortSignal): At => {
    if (engine === undefined) throw new Error("the provider docker isn't configured");
    return { engine, signal, inUseMs };
  };
  return {
    name: "docker",
    version: "5.2.0",
    knows: (type) => Object.hasOwn(KINDS, type),
    checkConfig: (configuration) => types.provider()(configuration),
    configure: async (configuration) => {
      if (isUnknown(configuration["host"] ?? "") || isUnknown(configuration["sshOpts"] ?? "")) return;
      const { host, sshOpts, disableDockerDaemonCheck } = configurationSchema.parse(configuration);
      engine = new Engine(host, sshOpts);
      // The real one has two halves: one pings at once, except over ssh, the other unless it is told not to.
      if (disableDockerDaemonCheck === "false" || !host.startsWith("ssh://")) {
        await engine.ping(AbortSignal.timeout(60_000));
      }
    },
    check: (type, news) => check(types, type, news),
    diff: (type, _id, _oldInputs, state, news) => diff(kindOf(type), state, news),
    create: async (call, inputs) => {
      const kind = kindOf(call.type);
      if (call.preview) return { id: "", state: planned(kind, inputs) };
      const { id, state } = await kind.create(at(call.signal), inputs);
      return { id, state: { ...inputs, ...state } };
    },
    read: async (call, id, inputs, state) => {
      const kind = kindOf(call.type);
      const found = await kind.read(at(call.signal), id, state);
      if (found === undefined) return undefined;
      return {
        id: found.id,
        inputs: refreshed(kind, inputs, state, found),
        state: { ...state, ...found.state },
      };
    },
    // Only what the engine has no part in is changed in place.
    update: (_call, _id, state, news) => ({ ...state, ...news }),
    delete: (call, id, state) => kindOf(call.type).delete(at(call.signal), id, state),
    close: () => {
      engine?.close();
    },
  };
}

function check(types: PublishedTypes, type: string, news: Properties): CheckResult {
  const given = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== null));
  const inputs = { ...kindOf(type).defaults, ...given };
  const failures = types.resource(type)(inputs);
  const more: Record<string, boolean> = {
    "The stand-in can't build images.": "build" in inputs,
    "The stand-in makes up no names: give one.": !("name" in inputs),
  };
  return {
    inputs,
    failures: [
      ...failures,
      ...Object.entries(more).flatMap(([reason, wrong]) => (wrong ? [{ property: "", reason }] : [])),
    ],
  };
}

/** Types were refused before where there is none. */
function kindOf(type: string): Kind {
  const kind = KINDS[type];
  if (kind === undefined) throw new Error(`the stand-in for the plugin docker has no resource ${type}`);
  return kind;
}
