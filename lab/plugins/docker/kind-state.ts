/** Inputs and states of the stand-in's resources, as the bridge to a Terraform provider keeps and compares them. */
import { diffProperties, equal } from "../../../provider/property-diff.ts";
import type { DiffResult, PropertyDiff } from "../../../provider/resource.ts";
import { isList, isUnknown, UNKNOWN } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import type { Found, Kind } from "./kind.ts";

/** Lists without an order. */
const SETS = ["labels", "pullTriggers"];

/** What a preview shows of a resource that is to be made. */
export function planned({ computed, outputs }: Kind, inputs: Properties): Properties {
  const unknown = [...computed, ...outputs].map((name): [string, Value] => [name, UNKNOWN]);
  return { ...Object.fromEntries(unknown), ...inputs };
}

/** Inputs against the state, so that drift shows: what the program leaves out, it leaves to the engine or wants away. */
export function diff(kind: Kind, state: Properties, news: Properties): DiffResult {
  const detailed: Record<string, PropertyDiff> = {};
  for (const name of new Set([...Object.keys(news), ...Object.keys(state)])) {
    if (kind.outputs.includes(name)) continue;
    const was = plain(name, state[name]);
    const wanted = plain(name, news[name]);
    if ((news[name] ?? undefined) === undefined && kind.computed.includes(name)) continue;
    const replace = kind.updatable.includes(name) ? [] : [name];
    Object.assign(
      detailed,
      diffProperties(
        was === undefined ? {} : { [name]: was },
        wanted === undefined ? {} : { [name]: wanted },
        replace,
      ),
    );
  }
  const replaces = Object.values(detailed).some(({ kind: one }) => one.endsWith("-replace"));
  const sameName = state["name"] === news["name"];
  return { detailed, deleteBeforeReplace: replaces && kind.uniqueName && sameName };
}

/** Inputs after a refresh: the given ones as they are now; after an import all that there are. */
export function refreshed(kind: Kind, inputs: Properties, state: Properties, found: Found): Properties {
  const imported = Object.keys(state).length === 0;
  const names = Object.keys(imported ? found.state : inputs).filter((name) => !kind.outputs.includes(name));
  return Object.fromEntries(
    names.flatMap((name): [string, Value][] => {
      const given = inputs[name];
      const now = found.state[name];
      const same = now === undefined || equal(plain(name, given), plain(name, now));
      const value = same ? given : now;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** One spelling of what means the same: Terraform knows no difference between absent, empty and false. */
function plain(name: string, value: Value | undefined): Value | undefined {
  if (value === undefined || value === null || value === false || value === "") return undefined;
  if (typeof value !== "object" || isUnknown(value)) return value;
  if (Object.keys(value).length === 0) return undefined;
  if (!SETS.includes(name) || !isList(value)) return value;
  return [...value].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
