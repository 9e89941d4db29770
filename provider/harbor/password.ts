/** `harborcache:harbor:Password`: a random password, made once and kept in the state as a secret. Needs no Harbor. */
import { randomInt } from "node:crypto";
import { z } from "zod";
import { checkInputs } from "../inputs.ts";
import { diffProperties } from "../property-diff.ts";
import type { ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import { UNKNOWN } from "../values.ts";

/** Harbor's own limits of a password's length. */
const shape = { length: z.int().min(8, "must be at least 8").max(128, "must be at most 128").default(32) };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export const password: ResourceModule = {
  type: "harborcache:harbor:Password",
  secretOutputs: ["result"],
  schema: describeShape(shape, ["result"], ["result"]),

  check: (_olds, news) => checkInputs(shape, news),

  diff: (_id, oldInputs, _oldState, newInputs) => ({
    detailed: diffProperties(oldInputs, newInputs, ["length"]),
  }),

  create: (_ctx, _urn, inputs, preview) =>
    Promise.resolve({
      id: "password",
      state: { ...inputs, result: preview ? UNKNOWN : generate(z.object(shape).parse(inputs).length) },
    }),

  read(_ctx, _urn, id, oldInputs, oldState) {
    // There is nothing to read it from, and an id is no place for a secret.
    if (oldState["result"] === undefined)
      throw new Error("A Password can't be imported: give the password as a secret setting instead.");
    return Promise.resolve({ id, inputs: oldInputs, state: oldState });
  },

  update: () => Promise.reject(new Error("A Password never changes in place.")),

  delete: () => Promise.resolve(),
};

/** Letters and digits only, so that no file format needs to quote it; at least one of each kind, as Harbor asks. */
export function generate(length: number): string {
  for (;;) {
    const text = Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join("");
    if ([/[A-Z]/, /[a-z]/, /[0-9]/].every((kind) => kind.test(text))) return text;
  }
}
