/**
 * What Harbor's objects have in common as resources: made once even where an answer is lost, taken over only when asked,
 * read with drift, and never deleted where another object stands in their place.
 */
import { z } from "zod";
import { checkInputs, parseInputs, type Shape } from "../inputs.ts";
import { diffProperties, equal } from "../property-diff.ts";
import type { CheckFailure, PropertyDiff, ResourceContext, ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import { UNKNOWN, type Properties } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { isStatus } from "./harbor-error.ts";
import { requireVersion, type Feature } from "./harbor-version.ts";
import { differences, pick, readInputs, settle, type Described, type Seen } from "./seen.ts";
import { rememberTaken, wasTaken } from "../taken-over.ts";

/** What a POST answered. */
export interface Answer {
  /** Path of the new object, below the API. */
  readonly location: string;
  /** The parsed body; undefined where there is none. */
  readonly body: unknown;
}

export interface HarborObject<S extends Shape> extends Described {
  /** Type token. */
  readonly type: string;
  readonly shape: S;
  /** Offline rules over several inputs; some may be unknown. */
  readonly rules?: (inputs: Properties) => readonly CheckFailure[];
  /** Inputs that Harbor can't change; a function where that hangs on their values. */
  readonly replaceOn: readonly string[] | ((olds: Properties, news: Properties) => readonly string[]);
  /** Inputs by which an object of this id is still the same one. */
  readonly key: readonly string[];
  readonly secretInputs?: readonly string[];
  readonly secretOutputs?: readonly string[];
  /** What an older Harbor lacks of it. */
  readonly needs?: (wanted: Wanted<S>) => readonly Feature[];
  /** The object that has this key already, whatever else it is. */
  find(harbor: HarborClient, wanted: Wanted<S>): Promise<Seen | undefined>;
  /** `state` is the last one, as far as there is any: a hint where Harbor's answer alone is not clear. */
  get(harbor: HarborClient, id: string, state: Properties): Promise<Seen | undefined>;
  /** Where an import's id may be more than `get` takes, such as a name. */
  import?(harbor: HarborClient, id: string): Promise<Seen | undefined>;
  /** What to send; `byName` where the path names a project by its name. */
  post(
    harbor: HarborClient,
    wanted: Wanted<S>,
  ): Promise<{ readonly path: string; readonly body: unknown; readonly byName?: boolean }>;
  /** Default: the location's last part, and no outputs but those that are read. */
  made?(answer: Answer, wanted: Wanted<S>): { readonly id: string; readonly outputs: Properties };
  /**
   * Makes it as wanted. `renew` names outputs to be made anew: those that are due, and secret ones of an object that was
   * taken over. Returns outputs that only this write knows.
   */
  put(harbor: HarborClient, seen: Seen, wanted: Wanted<S>, renew: readonly string[]): Promise<Properties>;
  /** Outputs that have to be made anew, such as a secret that is too old. */
  due?(oldInputs: Properties, oldState: Properties, newInputs: Properties): readonly string[];
  remove(harbor: HarborClient, seen: Seen): Promise<void>;
  /** Rethrows why Harbor refuses to make or change it, in better words where there are some. */
  explain?(harbor: HarborClient, wanted: Wanted<S>, error: unknown): Promise<never>;
  /** Why Harbor refuses to delete it (412), and what to do. */
  inUse?(harbor: HarborClient, seen: Seen): Promise<string>;
}

/** Inputs, known and parsed. */
export type Wanted<S extends Shape> = z.infer<z.ZodObject<S>>;

/** The input `adopt`: every such resource has it. */
const ADOPT = "adopt";
const DUE: PropertyDiff = { kind: "update", inputDiff: false };

export function harborObject<S extends Shape>(kind: HarborObject<S>): ResourceModule {
  const shape: Shape = { ...kind.shape, [ADOPT]: z.boolean().optional() };
  const secrets = [...(kind.secretInputs ?? []), ...(kind.secretOutputs ?? [])];
  const describe = (seen: Seen) =>
    `${kind.what} ${Object.values(pick(seen.inputs, kind.key)).map(String).join(" in ")}`;
  const isSame = (seen: Seen, state: Properties) =>
    kind.key.every((name) => equal(seen.inputs[name], state[name]));
  const settled = (harbor: HarborClient, id: string, inputs: Properties, outputs: Properties) =>
    settle(kind, harbor, id, inputs, outputs, () => kind.get(harbor, id, inputs));
  const replaceOn = (olds: Properties, news: Properties) =>
    typeof kind.replaceOn === "function" ? kind.replaceOn(olds, news) : kind.replaceOn;
  const explained = (harbor: HarborClient, wanted: Wanted<S>) => async (error: unknown) => {
    await kind.explain?.(harbor, wanted, error);
    throw error;
  };
  const due = (oldInputs: Properties, oldState: Properties, newInputs: Properties) =>
    kind.due?.(oldInputs, oldState, newInputs) ?? [];

  /** One that is just as wanted is ours, left by a create that was cut off; any other is somebody's. */
  async function takeOver(
    ctx: ResourceContext,
    urn: string,
    inputs: Properties,
    wanted: Wanted<S>,
    seen: Seen,
  ): Promise<{ readonly id: string; readonly state: Properties }> {
    const different = differences(kind, inputs, seen.inputs);
    if (different.length > 0 && inputs[ADOPT] !== true) {
      throw new Error(
        `Harbor already has the ${describe(seen)} (${seen.id}), with other settings than wanted: ${different.join(", ")}. ` +
          `It was left as it is. Rename one of them, delete it in Harbor, or take it over: by adopt: true, or by ` +
          `pulumi import ${kind.type} NAME ${seen.id}.`,
      );
    }
    rememberTaken(ctx, kind.type, seen.id);
    await ctx.log("warning", `Harbor already had the ${describe(seen)} (${seen.id}): taken over.`, urn);
    const harbor = ctx.harbor();
    const outputs = await kind
      .put(harbor, seen, wanted, kind.secretOutputs ?? [])
      .catch(explained(harbor, wanted));
    return { id: seen.id, state: await settled(harbor, seen.id, inputs, outputs) };
  }

  return {
    type: kind.type,
    secretOutputs: secrets,
    schema: describeShape(shape, kind.outputs, secrets),

    check: (_olds, news) => {
      const { inputs, failures } = checkInputs(shape, news);
      return { inputs, failures: [...failures, ...(kind.rules?.(inputs) ?? [])] };
    },

    diff: (_id, oldInputs, oldState, newInputs) => ({
      detailed: {
        ...diffProperties(
          without(ADOPT, oldInputs),
          without(ADOPT, newInputs),
          replaceOn(oldInputs, newInputs),
        ),
        ...Object.fromEntries(due(oldInputs, oldState, newInputs).map((name) => [name, DUE])),
      },
      // A replacement that failed halfway and is taken back would otherwise take over the old object, then delete it.
      deleteBeforeReplace: true,
    }),

    async create(ctx, urn, inputs, preview) {
      if (preview) return { id: "", state: { ...inputs, ...unknown(kind.outputs) } };
      const harbor = ctx.harbor();
      const wanted = parseInputs(kind.shape, inputs);
      await requireVersion(harbor, kind.needs?.(wanted) ?? []);
      const before = await kind.find(harbor, wanted);
      if (before !== undefined) return takeOver(ctx, urn, inputs, wanted, before);
      const { path, body, byName } = await kind.post(harbor, wanted);
      const result = await harbor
        .create(path, body, () => kind.find(harbor, wanted), byName)
        .catch(explained(harbor, wanted));
      // Ours, with its answer lost; or somebody was faster.
      if ("existing" in result) return takeOver(ctx, urn, inputs, wanted, result.existing);
      const { id, outputs } = kind.made?.(result, wanted) ?? {
        id: result.location.split("/").at(-1) ?? "",
        outputs: {},
      };
      rememberTaken(ctx, kind.type, id);
      return { id, state: await settled(harbor, id, inputs, outputs) };
    },

    async read(ctx, _urn, id, oldInputs, oldState) {
      const imported = Object.keys(oldState).length === 0;
      const seen =
        imported && kind.import !== undefined
          ? await kind.import(ctx.harbor(), id)
          : await kind.get(ctx.harbor(), id, oldState);
      if (seen === undefined || (!imported && !isSame(seen, oldState))) return undefined;
      const inputs = readInputs({ ...kind, hidden: [...(kind.hidden ?? []), ADOPT] }, oldInputs, seen.inputs);
      return { id: seen.id, inputs, state: { ...inputs, ...pick(oldState, kind.outputs), ...seen.outputs } };
    },

    async update(ctx, _urn, id, oldInputs, oldState, newInputs, preview) {
      const outputs = pick(oldState, kind.outputs);
      // What is due still holds at a preview, where a provider that signs in with an unknown secret could show nothing.
      if (preview) return { ...newInputs, ...unknown(due(oldInputs, oldState, newInputs)), ...outputs };
      const harbor = ctx.harbor();
      const wanted = parseInputs(kind.shape, newInputs);
      await requireVersion(harbor, kind.needs?.(wanted) ?? []);
      const seen = await kind.get(harbor, id, oldState);
      if (seen === undefined || !isSame(seen, oldState)) {
        throw new Error(
          `Harbor has no such ${kind.what} ${id} any more. Run pulumi refresh, then up makes it again.`,
        );
      }
      const written = await kind
        .put(harbor, seen, wanted, due(oldInputs, oldState, newInputs))
        .catch(explained(harbor, wanted));
      return settled(harbor, id, newInputs, { ...outputs, ...written });
    },

    async delete(ctx, urn, id, _oldInputs, oldState) {
      const harbor = ctx.harbor();
      const seen = await kind.get(harbor, id, oldState);
      if (seen === undefined || wasTaken(ctx, kind.type, id)) return;
      if (!isSame(seen, oldState)) {
        await ctx.log("warning", `In Harbor, ${id} is another ${kind.what} now: it is left alone.`, urn);
        return;
      }
      await kind.remove(harbor, seen).catch(async (error: unknown) => {
        if (!isStatus(error, 412)) throw error;
        const why = (await kind.inUse?.(harbor, seen)) ?? "something in Harbor still uses it";
        throw new Error(`The ${describe(seen)} can't be deleted: ${why}. ${error.message}`, { cause: error });
      });
    },
  };
}

const unknown = (names: readonly string[]): Properties =>
  Object.fromEntries(names.map((name) => [name, UNKNOWN]));

function without(name: string, properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => key !== name));
}
