/** Files shared with others: those that can't be worked with, and entries under our keys that aren't ours. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Finding, OnNode } from "./conflicts.ts";
import { authLine } from "./merge-auth-json.ts";
import { registriesYamlLine } from "./merge-registries-yaml.ts";
import { canonical, keysOf, mergeInto, oursIn } from "./merged-file.ts";
import { sha256 } from "./node-files.ts";
import type { MergeFormat, WantedFile } from "./node-files.ts";
import { UnusableFile } from "./unusable-file.ts";

const byKey = z.record(z.string(), z.unknown());

export function mergeConflicts({ files, others, current, written }: OnNode): Finding[] {
  return files.flatMap((file): Finding[] => {
    const { path, merge, content } = file;
    const text = others.get(path);
    if (merge === undefined || text === undefined) return [];
    try {
      mergeInto(merge, text, content, []);
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      return [{ text: `${path}:${error.line}: ${error.problem}`, breaks: true }];
    }
    const before = written.get(path);
    if (current.get(path)?.sum === sha256(canonical(content)) || current.get(path)?.sum === before) return [];
    const whose = before === undefined ? " of its own" : ", edited by hand or by another tool";
    return differing(file, merge, text).map((key) => ({
      text:
        `${path}:${lineOf(merge, text, key)}: has ${inWords(key)}${whose}; it is replaced: put what is needed ` +
        "of it into the stack's settings",
      breaks: false,
    }));
  });
}

function differing({ content }: WantedFile, merge: MergeFormat, text: string): string[] {
  const keys = keysOf(merge, content);
  const wanted = byKey.parse(JSON.parse(canonical(content)));
  const there = byKey.parse(JSON.parse(oursIn(merge, text, keys)));
  return keys.filter((key) => Object.hasOwn(there, key) && !isDeepStrictEqual(there[key], wanted[key]));
}

function lineOf(merge: MergeFormat, text: string, key: string): number {
  const [section = "", ...name] = key.split("/");
  return merge === "auth-json"
    ? authLine(text, name.join("/"))
    : registriesYamlLine(text, section, name.join("/"));
}

const WORDS: Readonly<Record<string, string>> = {
  auths: "a login for",
  mirrors: "mirrors for",
  configs: "a configuration for",
};

function inWords(key: string): string {
  const slash = key.indexOf("/");
  return `${WORDS[key.slice(0, slash)] ?? "an entry for"} ${key.slice(slash + 1)}`;
}
