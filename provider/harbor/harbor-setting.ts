/**
 * What Harbor has one of, as a resource: a part of its configuration, a schedule, a project's retention. It can't be made
 * twice or be somebody else's, so create takes over what is there, and delete puts Harbor's own default back.
 */
import type { z } from "zod";
import { checkInputs, parseInputs, type Shape } from "../inputs.ts";
import { diffProperties } from "../property-diff.ts";
import type { CheckFailure, ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import type { Properties } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { requireVersion, type Feature } from "./harbor-version.ts";
import { readInputs, settle, type Described } from "./seen.ts";
import { rememberTaken, wasTaken } from "../taken-over.ts";

export interface HarborSetting<S extends Shape> extends Described {
  /** Type token. */
  readonly type: string;
  readonly shape: S;
  readonly rules?: (inputs: Properties) => readonly CheckFailure[];
  /** Inputs that say which one it is. */
  readonly replaceOn?: readonly string[];
  readonly secretInputs?: readonly string[];
  readonly needs?: (wanted: z.infer<z.ZodObject<S>>) => readonly Feature[];
  /** Fixed, or what `replaceOn` says, such as a project's name. */
  id(inputs: Properties): string;
  /**
   * Inputs as Harbor has them, with those at their default absent where `wanted` doesn't name them; `wanted` is empty at an
   * import, which brings all of them. Undefined: there is none.
   */
  get(harbor: HarborClient, id: string, wanted: Properties): Promise<Properties | undefined>;
  /** Makes it as wanted; inputs in `old` that are wanted no more go back to their default. */
  apply(harbor: HarborClient, id: string, wanted: z.infer<z.ZodObject<S>>, old: Properties): Promise<void>;
  /** Puts the default back. The result is a warning for people where that could not be done wholly. */
  reset(harbor: HarborClient, id: string, inputs: Properties): Promise<string | undefined>;
}

export function harborSetting<S extends Shape>(kind: HarborSetting<S>): ResourceModule {
  const secrets = kind.secretInputs ?? [];
  const applied = async (harbor: HarborClient, id: string, inputs: Properties, old: Properties) => {
    const wanted = parseInputs(kind.shape, inputs);
    await requireVersion(harbor, kind.needs?.(wanted) ?? []);
    await kind.apply(harbor, id, wanted, old);
    return settle(kind, harbor, id, inputs, {}, async () => {
      const seen = await kind.get(harbor, id, inputs);
      return seen && { inputs: seen, outputs: {} };
    });
  };
  return {
    type: kind.type,
    secretOutputs: secrets,
    schema: describeShape(kind.shape, kind.outputs, secrets),

    check: (_olds, news) => {
      const { inputs, failures } = checkInputs(kind.shape, news);
      return { inputs, failures: [...failures, ...(kind.rules?.(inputs) ?? [])] };
    },

    diff: (_id, oldInputs, _oldState, newInputs) => ({
      detailed: diffProperties(oldInputs, newInputs, kind.replaceOn),
      deleteBeforeReplace: true,
    }),

    async create(ctx, _urn, inputs, preview) {
      if (preview) return { id: "", state: inputs };
      const id = kind.id(inputs);
      rememberTaken(ctx, kind.type, id);
      return { id, state: await applied(ctx.harbor(), id, inputs, {}) };
    },

    async read(ctx, _urn, id, oldInputs) {
      const fixed = kind.replaceOn === undefined ? kind.id(oldInputs) : id;
      if (id !== fixed) throw new Error(`Harbor has one ${kind.what} only: its id is ${fixed}, not ${id}.`);
      const seen = await kind.get(ctx.harbor(), id, oldInputs);
      if (seen === undefined) return undefined;
      const inputs = readInputs(kind, oldInputs, seen);
      return { id, inputs, state: inputs };
    },

    async update(ctx, _urn, id, oldInputs, _oldState, newInputs, preview) {
      return preview ? newInputs : applied(ctx.harbor(), id, newInputs, oldInputs);
    },

    async delete(ctx, urn, id, oldInputs) {
      if (wasTaken(ctx, kind.type, id)) return;
      const warning = await kind.reset(ctx.harbor(), id, oldInputs);
      if (warning !== undefined) await ctx.log("warning", warning, urn);
    },
  };
}
