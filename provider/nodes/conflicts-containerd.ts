/** containerd's config.toml: whether it reads our hosts.toml files at all. */
import { posix } from "node:path";
import { z } from "zod";
import type { Finding, OnNode } from "./conflicts.ts";
import { IMAGES, refusedBeside, registryTable } from "./merge-containerd-config.ts";
import type { RegistryTable } from "./merge-containerd-config.ts";
import { parseToml, tomlLine, tomlStatements } from "./toml-statements.ts";
import { UnusableFile } from "./unusable-file.ts";

const withImports = z.object({ imports: z.array(z.string()).default([]) });

const asBefore = z.union([
  z.object({ use_local_image_pull: z.literal(true) }),
  z.object({ discard_unpacked_layers: z.literal(true) }),
]);
const images = z.object({ plugins: z.object({ [IMAGES]: asBefore }) });

export function containerdConflicts(on: OnNode): Finding[] {
  return [...configConflicts(on), ...spellings(on)];
}

function configConflicts({ files, others }: OnNode): Finding[] {
  const hosts = files.find((file) => posix.basename(file.path) === "hosts.toml");
  if (hosts === undefined) return [];
  const folder = posix.dirname(posix.dirname(hosts.path));
  const shared = files.find((file) => file.merge === "containerd-config")?.path;
  const path =
    shared ??
    [...others.keys()].find((other) => /(?<!\.d)\/config\.toml$/.test(other)) ??
    `${posix.dirname(folder)}/config.toml`;
  const text = others.get(path);
  try {
    // With a shared file, the merge itself says what is wrong.
    if (text === undefined) return shared === undefined ? folderProblem(path, "", undefined, folder) : [];
    const own = registryTable(text);
    const imports = importsOf(path, text, others);
    const isImported = imports.some(({ files }) => files.some(([, content]) => sets(content, folder)));
    const inMain = shared === undefined && (own.folders.includes(folder) || !isImported);
    return [
      ...(inMain ? folderProblem(path, text, own, folder) : []),
      ...listProblem(path, text, own, folder),
      ...importProblems(path, text, own, folder, imports),
    ];
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    const finding = { text: `${path}:${error.line}: ${error.problem}`, breaks: true };
    return shared === undefined ? [finding] : [];
  }
}

function folderProblem(
  path: string,
  text: string,
  own: RegistryTable | undefined,
  folder: string,
): Finding[] {
  if (own?.folders.includes(folder) === true) {
    const refused = refusedBeside(own);
    if (refused === undefined) return [];
    const line = tomlLine(tomlStatements(text), [...own.path, refused]);
    const problem = `${own.header} has ${refused} beside config_path, with which containerd refuses to start`;
    return [{ text: `${path}:${line}: ${problem}; make hosts.toml files in ${folder} of it`, breaks: true }];
  }
  const header = own?.header ?? `plugins."${IMAGES}".registry`;
  const line = own === undefined ? 1 : tomlLine(tomlStatements(text), [...own.path, "config_path"]);
  if (own !== undefined && own.folders.length > 0) {
    const there = own.folders.join(":");
    const remedy = `set nodes.dropInDir to that, or make it ${folder}`;
    return [
      {
        text: `${path}:${line}: config_path is ${there}, so that ${folder} is ignored; ${remedy}`,
        breaks: false,
      },
    ];
  }
  const problem = `sets no config_path, so that ${folder} is ignored`;
  const remedy = `set nodes.configureRuntime to true, or add [${header}] config_path = "${folder}" and restart containerd`;
  return [{ text: `${path}:${line}: ${problem}; ${remedy}`, breaks: false }];
}

/**
 * containerd 2.1 and later pull by their transfer service, which takes a list for the name of one folder; where an option
 * that it doesn't know has them pull as before, they read the list. Source: containerd's issues 12415 and 12808.
 */
function listProblem(path: string, text: string, own: RegistryTable, folder: string): Finding[] {
  const pullsAsBefore = images.safeParse(parseToml(text)).success;
  if (own.path[1] !== IMAGES || own.folders.length < 2 || !own.folders.includes(folder) || pullsAsBefore)
    return [];
  const line = tomlLine(tomlStatements(text), [...own.path, "config_path"]);
  const problem = `config_path is a list, which containerd 2.1 and later take for one folder, so that ${folder} is ignored`;
  return [{ text: `${path}:${line}: ${problem}; make it ${folder} alone`, breaks: false }];
}

/** Source: mergeConfig of containerd's server configuration: 1.x replaces a plugin's table as a whole, 2.x key by key. */
function importProblems(
  path: string,
  text: string,
  { path: [, plugin] }: RegistryTable,
  folder: string,
  imports: readonly Import[],
): Finding[] {
  // Only 2.x takes this version.
  const keyByKey = plugin === IMAGES;
  const line = tomlLine(tomlStatements(text), ["imports"]);
  return imports.flatMap(({ pattern, at, files }): Finding[] => {
    if (files.length === 0 && !keyByKey && at !== `${posix.dirname(path)}/conf.d/*.toml`) {
      const problem = `imports ${pattern}, which wasn't looked at and may set another config_path`;
      return [{ text: `${path}:${line}: ${problem}; see that it doesn't`, breaks: false }];
    }
    return files.flatMap(([other, content]) => importProblem(other, content, folder, keyByKey));
  });
}

interface Import {
  readonly pattern: string;
  /** The same, absolute. */
  readonly at: string;
  /** Those of others that match, with their contents. */
  readonly files: readonly (readonly [string, string])[];
}

function importsOf(path: string, text: string, others: OnNode["others"]): Import[] {
  return withImports
    .catch({ imports: [] })
    .parse(parseToml(text))
    .imports.map((pattern) => {
      const at = posix.resolve(posix.dirname(path), pattern);
      return { pattern, at, files: [...others].filter(([other]) => other !== path && matches(other, at)) };
    });
}

function sets(text: string, folder: string): boolean {
  try {
    return registryTable(text).folders.includes(folder);
  } catch {
    // Which is told where the file itself is looked at.
    return false;
  }
}

function importProblem(path: string, text: string, folder: string, keyByKey: boolean): Finding[] {
  try {
    const { path: at, header, folders } = registryTable(text);
    const statements = tomlStatements(text);
    const plugin = at.slice(0, 2);
    const touches = statements.some((one) => plugin.every((step, index) => one.path[index] === step));
    if (!touches || folders.includes(folder) || (keyByKey && folders.length === 0)) return [];
    const line = tomlLine(statements, folders.length > 0 ? [...at, "config_path"] : plugin);
    const problem =
      folders.length > 0
        ? `is imported later, and its config_path is ${folders.join(":")}; make it ${folder}`
        : "is imported later and replaces the plugin's table, in containerd 1.x as a whole; " +
          `add [${header}] config_path = "${folder}"`;
    return [{ text: `${path}:${line}: ${problem}`, breaks: false }];
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    return [{ text: `${path}:${error.line}: ${error.problem}`, breaks: true }];
  }
}

/** A registry's folder is looked for as `HOST_PORT_` first. Source: core/remotes/docker/config. */
function spellings({ files, others }: OnNode): Finding[] {
  return files.flatMap(({ path }): Finding[] => {
    const other = path.replace(/:(\d+)\/hosts\.toml$/, "_$1_/hosts.toml");
    if (other === path || !others.has(other)) return [];
    return [{ text: `${other}:1: is read instead of ${path}; remove it`, breaks: false }];
  });
}

/** A file's name may have `*`. */
function matches(path: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[^\w/-]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]*")}$`).test(path);
}
