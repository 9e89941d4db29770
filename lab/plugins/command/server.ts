/**
 * Stand-in for the plugin of @pulumi/command 1.2.1, for machines that can't download the real one. It speaks the same
 * protocol, runs commands for real over SSH, and behaves as the real one was seen to. It knows
 * `command:remote:Command` only; every other type is refused.
 */
import { randomBytes } from "node:crypto";

import type { Client } from "ssh2";

import { checkInputs } from "../../../provider/inputs.ts";
import { diffProperties } from "../../../provider/property-diff.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import type { Call, Plugin } from "../plugin-server.ts";
import { create, remove, update } from "./command.ts";
import type { Surroundings } from "./command.ts";
import { SHAPES } from "./inputs.ts";

/** Outputs at a preview. */
const NOT_YET: Properties = { stdout: UNKNOWN, stderr: UNKNOWN };

export function commandPlugin(): Plugin {
  const connections = new Set<Client>();
  const around = ({ signal, log }: Call): Surroundings => ({ signal, connections, log });
  return {
    name: "command",
    version: "1.2.1",
    knows: (type) => Object.hasOwn(SHAPES, type),
    check: (type, news) => checkInputs(SHAPES[type] ?? {}, news),
    diff: (_type, _id, olds, _state, news) => ({ detailed: diffProperties(olds, news, ["triggers"]) }),
    create: async (call, inputs) => {
      if (call.preview) return { id: "", state: { ...inputs, ...NOT_YET } };
      const outputs = await create(inputs, around(call));
      return { id: `${call.name}${randomBytes(4).toString("hex")}`, state: { ...inputs, ...outputs } };
    },
    update: async (call, _id, state, news) => {
      const outputs = call.preview ? NOT_YET : await update(state, news, around(call));
      return { ...news, ...outputs };
    },
    delete: (call, _id, state) => remove(state, around(call)),
    close: () => {
      for (const client of connections) client.destroy();
    },
  };
}
