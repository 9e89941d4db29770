/** Checks inputs property by property, so that what is known is checked even while another is still unknown. */
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import type { CheckFailure, CheckResult } from "./resource.ts";
import { join } from "./property-diff.ts";
import { hasUnknown, type Properties, type Value } from "./values.ts";

/** One schema per input. A default or `optional()` in it makes the input optional. */
export type Shape = Readonly<Record<string, z.ZodType<Value | undefined>>>;

/** Parses each known input by its schema, fills in defaults, and reports missing, broken and misspelled ones. */
export function checkInputs(shape: Shape, news: Properties): CheckResult {
  const inputs: Record<string, Value> = {};
  const failures: CheckFailure[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const value = news[name] ?? undefined;
    if (hasUnknown(value)) {
      inputs[name] = value ?? null;
      continue;
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      failures.push(...problems(name, value, parsed.error));
      if (value !== undefined) inputs[name] = value;
    } else if (parsed.data !== undefined) {
      inputs[name] = parsed.data;
    }
  }
  const known = Object.keys(shape);
  for (const [name, value] of Object.entries(news)) {
    // The SDK's classes name their outputs with no value, and the engine adds keys of its own.
    if (value === null || name.startsWith("__") || known.includes(name)) continue;
    failures.push({ property: name, reason: `There is no such property.${didYouMean(name, known)}` });
  }
  return { inputs, failures };
}

/** Inputs that were checked and are all known. */
export function parseInputs<S extends Shape>(shape: S, inputs: Properties): z.infer<z.ZodObject<S>> {
  return z.object(shape).parse(inputs);
}

/** A function's arguments; throws all that is wrong with them, for people. */
export function parseArguments<S extends Shape>(
  name: string,
  shape: S,
  args: Properties,
): z.infer<z.ZodObject<S>> {
  const { inputs, failures } = checkInputs(shape, args);
  if (failures.length === 0) return parseInputs(shape, inputs);
  throw new Error(`${name}: ${failures.map(({ property, reason }) => `${property}: ${reason}`).join("; ")}`);
}

/** ` Did you mean 'x'?`, or nothing where no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const near = closest(name, known);
  return distance(name, near) <= Math.max(2, name.length / 3) ? ` Did you mean '${near}'?` : "";
}

function problems(name: string, value: Value | undefined, error: z.ZodError): CheckFailure[] {
  if (value === undefined) return [{ property: name, reason: "This property is required." }];
  return error.issues.map((issue) => ({
    property: issue.path.reduce<string>(
      (path, step) => (typeof step === "number" ? `${path}[${step}]` : join(path, String(step))),
      name,
    ),
    reason: issue.message,
  }));
}
