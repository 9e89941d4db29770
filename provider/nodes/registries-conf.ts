/** A registries.conf of others, as containers/image reads it: its tables with their places, and what is wrong with it. */
import { posix } from "node:path";
import { z } from "zod";
import type { Finding } from "./conflicts.ts";
import { bare, registriesConfProblems } from "./crio-config.ts";
import { parseToml, tomlLine, tomlStatements } from "./toml-statements.ts";
import { UnusableFile } from "./unusable-file.ts";

export interface RegistriesConf {
  readonly path: string;
  readonly tables: readonly RegistryPlace[];
  /** Registries that short names are looked for in. */
  readonly search?: { readonly registries: readonly string[]; readonly line: number };
  readonly findings: readonly Finding[];
}

export interface RegistryPlace {
  readonly line: number;
  readonly prefix: string;
  /** The prefix of a wildcard that has none. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** Locations. */
  readonly mirrors: readonly string[];
}

const text = z.string().catch("");
const flag = z.boolean().catch(false);

/** Of a file that may have any fault: what can be made out. */
const lenient = z.object({
  "unqualified-search-registries": z.array(z.string()).optional().catch(undefined),
  registry: z
    .array(
      z.object({
        prefix: text,
        location: text,
        insecure: flag,
        blocked: flag,
        mirror: z.array(z.object({ location: text })).catch([]),
      }),
    )
    .catch([]),
});

export function readRegistriesConf(path: string, content: string): RegistriesConf {
  try {
    return located(path, content);
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    return {
      path,
      tables: [],
      findings: [{ text: `${path}:${error.line}: ${error.problem}`, breaks: true }],
    };
  }
}

function located(path: string, content: string): RegistriesConf {
  const document = parseToml(content);
  const statements = tomlStatements(content);
  const { registry, "unqualified-search-registries": registries } = lenient.parse(document);
  const tables = registry.map(({ prefix, location, insecure, blocked, mirror }, index) => ({
    line: tomlLine(statements, ["registry", index]),
    prefix: bare(prefix) || bare(location),
    location: bare(location) || bare(prefix),
    insecure,
    blocked,
    mirrors: mirror.map((one) => bare(one.location)),
  }));
  const search = registries && {
    registries,
    line: tomlLine(statements, ["unqualified-search-registries"]),
  };
  const findings =
    "registries" in document
      ? [version1(path, tomlLine(statements, ["registries"]), "registry" in document)]
      : registriesConfProblems(document).map(({ path: at, message, breaks }): Finding => {
          const where = at.at(-1);
          const what = typeof where === "string" ? `${where} ${message}` : message;
          const remedy = breaks ? "; repair it: the runtime refuses the file" : "";
          return { text: `${path}:${tomlLine(statements, at)}: ${what}${remedy}`, breaks };
        });
  return { path, tables, findings, ...(search && { search }) };
}

/** Drop-ins and mixed files of version 1 are refused by every release, the main file by those after 5.40 of containers/image. */
function version1(path: string, line: number, mixed: boolean): Finding {
  const breaks = mixed || isDropIn(path);
  const refused = breaks ? "which the runtime refuses here" : "which newer runtimes refuse";
  return {
    text: `${path}:${line}: is in version 1 format, ${refused}; write it as [[registry]] tables and unqualified-search-registries`,
    breaks,
  };
}

/** CRI-O's bundle has a `registries.conf` among the drop-ins. */
export function isDropIn(path: string): boolean {
  return posix.basename(path) !== "registries.conf" || posix.dirname(path).endsWith(".d");
}
