/** CRI-O's own configuration: whether it reads the file that our logins are merged into. */
import { posix } from "node:path";
import { z } from "zod";
import type { Finding, OnNode } from "./conflicts.ts";
import { parseToml, tomlLine, tomlStatements } from "./toml-statements.ts";
import { UnusableFile } from "./unusable-file.ts";

const crioConf = z.object({ crio: z.object({ image: z.object({ global_auth_file: z.string() }) }) });

/** `crio.conf`, or a drop-in of it; CRI-O's packages have a `crio.conf` in registries.conf.d too. */
export function isCrioConf(path: string): boolean {
  return /\/crio\.conf\.d\/[^/]+$|(?<!\.d)\/crio\.conf$/.test(path);
}

/** Source: pkg/config of CRI-O. The drop-ins come after crio.conf, in lexical order; the last one has its say. */
export function crioConflicts({ files, others }: OnNode): Finding[] {
  const login = files.find((file) => file.merge === "auth-json");
  if (login === undefined) return [];
  const all = new Map([...others, ...files.map((file): [string, string] => [file.path, file.content])]);
  const read = [...all]
    .filter(([path]) => isCrioConf(path))
    .sort(([a], [b]) => (order(a) < order(b) ? -1 : 1))
    .map(([path, text]) => authFileIn(path, text));
  const unusable = read.flatMap((one) => (one.unusable === undefined ? [] : [one.unusable]));
  const last = read.findLast((one) => one.authFile !== undefined);
  if (last?.authFile === login.path) return unusable;
  const remedy = `set nodes.authFile to it, or nodes.configureRuntime to true`;
  const text =
    last?.authFile === undefined || last.authFile === ""
      ? `${login.path}:1: isn't what CRI-O reads logins from, as nothing sets global_auth_file, so that pulls go past ` +
        `the cache; set [crio.image] global_auth_file = "${login.path}", or nodes.configureRuntime to true`
      : `${last.path}:${last.line}: has CRI-O read logins from ${last.authFile} and not ${login.path}; ${remedy}`;
  return [...unusable, { text, breaks: false }];
}

function order(path: string): string {
  return posix.basename(path) === "crio.conf" ? "" : posix.basename(path);
}

interface Read {
  readonly path: string;
  readonly line: number;
  readonly authFile?: string;
  readonly unusable?: Finding;
}

function authFileIn(path: string, text: string): Read {
  try {
    const authFile = crioConf.safeParse(parseToml(text)).data?.crio.image.global_auth_file;
    const line = tomlLine(tomlStatements(text), ["crio", "image", "global_auth_file"]);
    // An empty one stands for none, and takes an earlier one back.
    return { path, line, ...(authFile !== undefined && { authFile }) };
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    return {
      path,
      line: error.line,
      unusable: { text: `${path}:${error.line}: ${error.problem}`, breaks: true },
    };
  }
}
