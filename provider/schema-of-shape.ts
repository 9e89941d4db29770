/** Pulumi's package schema of a resource, from the schemas that check its inputs. */
import { z } from "zod";
import type { Shape } from "./inputs.ts";
import type { ResourceSchema } from "./resource.ts";

const ANYTHING = { $ref: "pulumi.json#/Any" };
const SIMPLE = ["string", "integer", "number", "boolean"];

/** `outputs` are those that no input sets; names in `secrets` are marked. Optional inputs are those with a default too. */
export function describeShape(
  shape: Shape,
  outputs: readonly string[],
  secrets: readonly string[],
): ResourceSchema {
  const typed = (name: string, type: object) => [
    name,
    secrets.includes(name) ? { ...type, secret: true } : type,
  ];
  const inputProperties = Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => typed(name, typeOf(schema))),
  ) as Record<string, object>;
  const made = Object.fromEntries(outputs.map((name) => typed(name, ANYTHING))) as Record<string, object>;
  const requiredInputs = Object.keys(shape).filter(
    (name) => shape[name]?.safeParse(undefined).success === false,
  );
  return {
    inputProperties,
    requiredInputs,
    properties: { ...inputProperties, ...made },
    required: [...requiredInputs, ...outputs],
  };
}

function typeOf(schema: z.ZodType): object {
  const { type } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  if (type === "array") return { type, items: ANYTHING };
  return typeof type === "string" && SIMPLE.includes(type) ? { type } : ANYTHING;
}
