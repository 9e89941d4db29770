/** What a policy is here: a pure function over one resource, so that it can be tested without an engine. */
import type * as z from "zod";

/** One resource as the engine is about to make or change it. */
export interface Resource {
  /** Type token: `aws:ebs/volume:Volume`. */
  readonly type: string;
  /** Inputs. In a preview, reading one that isn't known yet throws, and Pulumi reports the policy as not run. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly opts: { readonly protect: boolean };
}

export interface Rule {
  readonly name: string;
  /** What must be, in a sentence. */
  readonly description: string;
  /** Yields each violation when it is found, so that what is found before an unknown value is not lost. */
  readonly check: (resource: Resource) => Iterable<string>;
}

/** A value in another shape than AWS takes is no reason to let it pass. */
export class UnreadableError extends Error {}

/** Reads no more than the schema names: each further property could be one that isn't known yet. */
export function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new UnreadableError(
    `can't be judged: ${[...(issue?.path ?? []), ""].join(": ")}${issue?.message ?? ""}`,
  );
}
