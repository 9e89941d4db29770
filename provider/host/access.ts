/**
 * `harborcache:host:Access`: proves that a machine can be reached, before a step runs there or is undone.
 *
 * @pulumi/command waits for ever for an SSH server that takes the connection and says nothing. This one gives up, says
 * why, and has checked host key and login by then.
 */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { checkInputs, type Shape } from "../inputs.ts";
import { diffProperties } from "../property-diff.ts";
import type { ResourceContext, ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import type { Properties } from "../values.ts";
import { connect } from "../nodes/ssh-connection.ts";
import { SshError } from "../nodes/ssh-error.ts";
import { sshInputs } from "../nodes/ssh-inputs.ts";

const shape = {
  ...sshInputs,
  jump: z.strictObject(sshInputs).optional(),
  /** When the machine is tried: before something is done there, or before it is undone. */
  before: z.enum(["up", "destroy"]),
  /** Changes with what is to be done there, so that the machine is tried again before that. */
  work: z.string().default(""),
  /** Seconds that one connection may take. */
  connectTimeout: z.int().min(1).max(300).default(20),
  /** Seconds for which a machine that doesn't answer is tried again: it may be booting. */
  patience: z.int().min(0).max(3600).default(45),
};

const schema = z.object(shape);

/** Between two tries, milliseconds. */
const PAUSE = 1_000;

export const access: ResourceModule = {
  type: "harborcache:host:Access",
  secretOutputs: [],
  schema: describeShape(shape as Shape, [], ["privateKey"]),

  check: (_olds, news) => checkInputs(shape as Shape, news),

  diff: (_id, oldInputs, _oldState, newInputs) => ({ detailed: diffProperties(oldInputs, newInputs, []) }),

  async create(ctx, urn, inputs, preview) {
    if (!preview) await tryBefore("up", ctx, urn, inputs);
    return { id: "access", state: inputs };
  },

  // Whether the machine can be reached now says nothing about the next up: that asks for itself.
  read(_ctx, _urn, id, oldInputs, oldState) {
    if (oldState["address"] === undefined) throw new Error("An Access can't be imported: up makes it.");
    return Promise.resolve({ id, inputs: oldInputs, state: oldState });
  },

  async update(ctx, urn, _id, _oldInputs, _oldState, inputs, preview) {
    if (!preview) await tryBefore("up", ctx, urn, inputs);
    return inputs;
  },

  delete: (ctx, urn, _id, oldInputs) => tryBefore("destroy", ctx, urn, oldInputs),
};

async function tryBefore(
  moment: "up" | "destroy",
  ctx: ResourceContext,
  urn: string,
  inputs: Properties,
): Promise<void> {
  const { before, connectTimeout, patience, ...target } = schema.parse(inputs);
  if (before !== moment) return;
  const end = Date.now() + patience * 1000;
  for (;;) {
    try {
      (await connect(target, connectTimeout, ctx.signal)).close();
      return;
    } catch (error) {
      if (!(error instanceof SshError) || ctx.signal.aborted) throw error;
      if ((!error.transient && !error.silent) || Date.now() >= end)
        throw new SshError(explained(error, moment), { cause: error });
      await ctx.log("info", `trying again: ${error.message}`, urn, true);
      await pause(PAUSE, undefined, { signal: ctx.signal });
    }
  }
}

function explained({ message }: SshError, moment: "up" | "destroy"): string {
  const outcome =
    moment === "up"
      ? "Nothing was done there."
      : "Nothing was removed there. If it is gone for good, its steps are taken out of the state by " +
        "pulumi state delete --target-dependents (docs/runbooks/machine-rebuilt.md)";
  return `the Harbor machine can't be reached: ${message}. ${outcome}`;
}
