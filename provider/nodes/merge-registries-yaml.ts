/** `registries.yaml` of k3s and RKE2: `mirrors` by prefix, `configs` by registry. Comments and order of others stay. */
import { isMap, isNode, LineCounter, parseDocument, YAMLMap } from "yaml";
import type { Document, Tags } from "yaml";
import type { SharedFile } from "./merged-file.ts";
import { UnusableFile } from "./unusable-file.ts";

export const registriesYaml: SharedFile = {
  read(text) {
    const document = read(text);
    return (section) => {
      const items = sectionOf(document, section)?.items ?? [];
      return new Map(
        items.map(({ key, value }) => [String(key), isNode(value) ? value.toJS(document) : value]),
      );
    };
  },

  edit(text, set, remove) {
    const document = read(text);
    for (const { section, name } of remove) {
      document.deleteIn([section, name]);
      const left = sectionOf(document, section);
      if (left?.items.length === 0 && !hasComment(left)) document.delete(section);
    }
    for (const { section, name, value } of set) {
      if (sectionOf(document, section) === undefined) document.set(section, emptySection(document, section));
      document.setIn([section, name], document.createNode(value));
    }
    return written(document);
  },

  isEmpty(text) {
    const document = read(text);
    const { contents } = document;
    const empty = contents === null || (isMap(contents) && contents.items.length === 0);
    return empty && !hasComment(document) && (contents === null || !hasComment(contents));
  },
};

function read(text: string): Document {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    customTags: withoutNumbers,
  });
  const [error] = document.errors;
  // The parser's own words may quote the file.
  if (error !== undefined) {
    throw new UnusableFile("is no YAML that can be read; repair it", lines.linePos(error.pos[0]).line);
  }
  const { contents } = document;
  if (contents !== null && !isMap(contents))
    throw new UnusableFile("must hold a mapping with mirrors and configs");
  try {
    document.toJS();
  } catch {
    throw new UnusableFile("has an alias that stands for nothing, or for too much; write it out");
  }
  return document;
}

function hasComment({ comment, commentBefore }: Document | YAMLMap): boolean {
  return Boolean(comment) || Boolean(commentBefore);
}

/** A number is kept as it is written: a password such as 0123 would be another one otherwise. */
function withoutNumbers(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === "string" || !/:(?:int|float)$/.test(tag.tag));
}

function written(document: Document): string {
  // Of strings, ours are the only ones without quotes or the lack of them of their own.
  const style = { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" } as const;
  try {
    return document.toString(style);
  } catch {
    throw new UnusableFile("has an alias of an entry that is to be replaced or taken out; write it out");
  }
}

/** A section that is there without entries may have comments where they would be. */
function emptySection(document: Document, section: string): YAMLMap {
  const found = document.get(section, true);
  const map = new YAMLMap();
  if (isNode(found)) map.commentBefore = found.commentBefore ?? found.comment ?? null;
  return map;
}

/** Where an entry begins: 1 for what isn't there. */
export function registriesYamlLine(text: string, section: string, name: string): number {
  const pair = sectionOf(read(text), section)?.items.find(({ key }) => String(key) === name);
  const start = isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
  return text.slice(0, start).split("\n").length;
}

function sectionOf(document: Document, section: string): YAMLMap | undefined {
  const found = document.get(section, true);
  if (isMap(found)) return found;
  if (!isNode(found) || found.toJS(document) === null) return undefined;
  throw new UnusableFile(`${section} must be a mapping, written out; repair it, or move the file away`);
}
