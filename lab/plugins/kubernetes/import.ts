/** What is known of an object that comes into a stack by `pulumi import`. */
import type { Properties } from "../../../provider/values.ts";
import { isOwn, partsOf } from "./check.ts";
import { normalized, without } from "./objects.ts";

/** An import knows only the type and the id, `namespace/name` or a name. */
export function importedInputs(type: string, id: string): Properties {
  const { module, kind } = partsOf(type);
  const [namespace = "", name = ""] = id.includes("/") ? id.split("/", 2) : ["", id];
  const metadata = namespace === "" ? { name } : { namespace, name };
  return { apiVersion: module.replace(/^core\//, ""), kind, metadata };
}

/** A custom resource's fields are in no schema, so nothing but `known` comes of them. */
export function inputsFrom(live: Properties, type: string, known: Properties): Properties {
  return isOwn(type) ? without(normalized(live), ["status"]) : known;
}
