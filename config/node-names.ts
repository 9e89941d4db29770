/** Nodes in errors. */
import { meant } from "./schema/value.ts";

/** The first few of a long list. */
export function someOf(items: readonly string[], most = 20): string {
  const more = items.length > most ? ` and ${items.length - most} more` : "";
  return items.slice(0, most).join(", ") + more;
}

/** What to say of a name that no node has. */
export function noNode(name: string, names: ReadonlySet<string>): string {
  const near = meant(name, [...names]);
  return `is no node; ${near === undefined ? `known: ${someOf([...names])}` : `did you mean ${near}?`}`;
}
