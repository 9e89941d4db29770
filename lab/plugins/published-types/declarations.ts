/** Finds what a Pulumi package declares in its .d.ts files. They are all written by one generator, in one form. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type TypeScript from "typescript";

import { ts } from "./typescript.ts";

/** A piece of a declaration file, parsed. */
export interface Piece {
  readonly file: string;
  readonly source: TypeScript.SourceFile;
}

export type Declaration =
  | TypeScript.InterfaceDeclaration
  | TypeScript.TypeAliasDeclaration
  | TypeScript.ClassDeclaration
  | TypeScript.VariableDeclaration;

export class Declarations {
  readonly #folder: string;
  readonly #texts = new Map<string, string | undefined>();
  readonly #pieces = new Map<string, Piece | undefined>();

  /** `folder` is the package's own. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A whole file, by its path in the package without `.d.ts`. */
  file(path: string): Piece | undefined {
    return this.#piece(path, path, (text) => text);
  }

  /**
   * What `inputs.ec2.X`, `outputs.ec2.X` and `enums.ec2.X` are looked up in. Of a file of megabytes only the namespace
   * (or, without one, what stands before the first) is parsed.
   */
  namespace(kind: "inputs" | "outputs" | "enums", name: string | undefined): Piece | undefined {
    if (kind === "enums") return this.file(["types/enums", name, "index"].filter(Boolean).join("/"));
    const path = kind === "inputs" ? "types/input" : "types/output";
    return this.#piece(`${path}#${name ?? ""}`, path, (text) => {
      const opening = "\nexport declare namespace ";
      if (name === undefined) return text.split(opening, 1)[0];
      const start = text.indexOf(`${opening}${name} {\n`);
      return start < 0 ? undefined : text.slice(start, text.indexOf("\n}\n", start) + 3);
    });
  }

  #piece(key: string, path: string, slice: (text: string) => string | undefined): Piece | undefined {
    if (!this.#pieces.has(key)) {
      const whole = this.#text(path);
      const text = whole === undefined ? undefined : slice(whole);
      this.#pieces.set(key, text === undefined ? undefined : { file: path, source: parse(path, text) });
    }
    return this.#pieces.get(key);
  }

  #text(path: string): string | undefined {
    if (!this.#texts.has(path)) {
      const file = join(this.#folder, `${path}.d.ts`);
      this.#texts.set(path, existsSync(file) ? readFileSync(file, "utf8") : undefined);
    }
    return this.#texts.get(path);
  }
}

// The comments are most of the text.
const PARSING = {
  languageVersion: ts.ScriptTarget.Latest,
  jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
};

const parse = (path: string, text: string): TypeScript.SourceFile =>
  ts.createSourceFile(`${path}.d.ts`, text, PARSING);

/** The first declaration of that name and one of the kinds that `wanted` accepts. */
export function find<D extends Declaration>(
  { source }: Piece,
  name: string,
  wanted: (node: TypeScript.Node) => node is D,
): D | undefined {
  let found: D | undefined;
  const visit = (node: TypeScript.Node): void => {
    if (found !== undefined) return;
    if (wanted(node) && node.name !== undefined && ts.isIdentifier(node.name) && node.name.text === name)
      found = node;
    // Declarations are nested in namespaces and variable statements only.
    else if (
      [ts.isSourceFile, ts.isModuleDeclaration, ts.isModuleBlock].some((is) => is(node)) ||
      ts.isVariableStatement(node) ||
      ts.isVariableDeclarationList(node)
    )
      ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
