/** From TypeScript's syntax to the types that are checked. */
import type TypeScript from "typescript";

import { find } from "./declarations.ts";
import type { Declarations, Piece } from "./declarations.ts";
import type { Field, Fields, Type } from "./type.ts";
import { ts } from "./typescript.ts";

const NAMESPACES = ["inputs", "outputs", "enums"] as const;

export class TypeReader {
  readonly #declarations: Declarations;

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  /** Of an interface, or the outputs of a resource's class. */
  fields(
    piece: Piece,
    node: TypeScript.InterfaceDeclaration | TypeScript.ClassDeclaration | TypeScript.TypeLiteralNode,
  ): Fields {
    const fields = new Map<string, Field>();
    for (const member of node.members) {
      if (!(ts.isPropertySignature(member) || ts.isPropertyDeclaration(member))) continue;
      const name = member.name;
      if (member.type === undefined || !(ts.isIdentifier(name) || ts.isStringLiteral(name))) continue;
      if (member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true) continue;
      const required = member.questionToken === undefined && !mayBeUndefined(member.type);
      fields.set(name.text, { type: this.type(piece, member.type), required });
    }
    return fields;
  }

  type(piece: Piece, node: TypeScript.TypeNode): Type {
    switch (node.kind) {
      case ts.SyntaxKind.StringKeyword:
        return { kind: "string" };
      case ts.SyntaxKind.NumberKeyword:
        return { kind: "number" };
      case ts.SyntaxKind.BooleanKeyword:
        return { kind: "boolean" };
      case ts.SyntaxKind.AnyKeyword:
        return { kind: "any" };
      case ts.SyntaxKind.NeverKeyword:
        return { kind: "never" };
    }
    if (ts.isParenthesizedTypeNode(node)) return this.type(piece, node.type);
    if (ts.isArrayTypeNode(node)) return { kind: "list", item: this.type(piece, node.elementType) };
    if (ts.isLiteralTypeNode(node)) return { kind: "literal", value: literal(node) };
    if (ts.isUnionTypeNode(node)) {
      const members = node.types.filter((type) => !isUndefined(type)).map((type) => this.type(piece, type));
      const [only] = members;
      return members.length === 1 && only !== undefined ? only : { kind: "union", members };
    }
    if (ts.isTypeLiteralNode(node)) {
      const index = node.members.find(ts.isIndexSignatureDeclaration);
      if (index !== undefined) return { kind: "map", item: this.type(piece, index.type) };
      return { kind: "object", fields: () => this.fields(piece, node) };
    }
    if (ts.isTypeReferenceNode(node)) return this.#reference(piece, node);
    throw new Error(`${piece.file}.d.ts has a type that isn't known here: ${node.getText(piece.source)}`);
  }

  #reference(piece: Piece, node: TypeScript.TypeReferenceNode): Type {
    const name = node.typeName.getText(piece.source);
    const [first, second] = node.typeArguments ?? [];
    if (["pulumi.Input", "pulumi.Output", "Promise"].includes(name) && first !== undefined)
      return this.type(piece, first);
    if (name === "Record" && second !== undefined) return { kind: "map", item: this.type(piece, second) };
    const [root, ...rest] = name.split(".");
    const own = rest.pop();
    const kind = NAMESPACES.find((one) => one === root);
    if (kind !== undefined && own !== undefined) {
      const place = this.#declarations.namespace(kind, rest[0]);
      const type = place && this.#named(place, own);
      if (type === undefined) throw new Error(`${piece.file}.d.ts names ${name}, which isn't there`);
      return type;
    }
    // What is imported from other files is a resource's class.
    return (
      (rest.length === 0 && own === undefined ? this.#named(piece, name) : undefined) ?? { kind: "never" }
    );
  }

  /** An interface, an alias, or an enum: a constant object whose values are the literals. */
  #named(piece: Piece, name: string): Type | undefined {
    const declared = find(piece, name, ts.isInterfaceDeclaration);
    if (declared !== undefined) return { kind: "object", fields: () => this.fields(piece, declared) };
    const values = find(piece, name, ts.isVariableDeclaration)?.type;
    if (values !== undefined && ts.isTypeLiteralNode(values)) {
      const members = [...this.fields(piece, values).values()].map(({ type }) => type);
      return { kind: "union", members };
    }
    const alias = find(piece, name, ts.isTypeAliasDeclaration);
    return alias && this.type(piece, alias.type);
  }
}

function mayBeUndefined(node: TypeScript.TypeNode): boolean {
  if (ts.isUnionTypeNode(node)) return node.types.some(mayBeUndefined);
  if (ts.isTypeReferenceNode(node)) return node.typeArguments?.some(mayBeUndefined) ?? false;
  return isUndefined(node);
}

const isUndefined = (node: TypeScript.TypeNode): boolean => node.kind === ts.SyntaxKind.UndefinedKeyword;

function literal({ literal: node }: TypeScript.LiteralTypeNode): string | number | boolean {
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  return node.kind === ts.SyntaxKind.TrueKeyword;
}
