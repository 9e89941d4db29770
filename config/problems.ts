/** What is wrong with the settings: collected over the whole configuration, then told at once. */
import * as pulumi from "@pulumi/pulumi";
import type * as z from "zod";
import { isSecretField } from "./schema/secret.ts";

/** Where a setting lies: `["registries", 1, "project"]`. */
export type Path = readonly PropertyKey[];

export interface Problem {
  /** As people write it: `harbor-cache:registries[1].project`. */
  readonly path: string;
  /** What is wrong and an example of right; never a secret. */
  readonly message: string;
}

/** The settings are wrong. Pulumi shows its message without a stack. */
export class SettingsError extends pulumi.RunError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 error" : `${problems.length} errors`;
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    super(`The configuration has ${count}, so nothing was created or changed:\n${lines.join("\n")}`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

/** A value as an error may show it, or nothing: no long or many-lined text, no password or signature inside a URL. */
function shown(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value.length > 100 || /\p{Cc}|PRIVATE KEY/u.test(value)) return undefined;
  return JSON.stringify(
    value.replace(/^([a-z]+:\/\/)?.*@/i, "$1…@").replace(/^([a-z]+:\/\/[^?]*\?).+/i, "$1…"),
  );
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined,
    value,
  );
}

/** Reads parts of the configuration by their schemas and keeps what was wrong with them. */
export class Reader {
  readonly problems: Problem[] = [];
  readonly #project: string;
  readonly #secretKeys: ReadonlySet<string>;

  /** `secretKeys` are full keys: `harbor-cache:nodes`. */
  constructor(project: string, secretKeys: ReadonlySet<string>) {
    this.#project = project;
    this.#secretKeys = secretKeys;
  }

  at(path: Path): string {
    const [top, ...rest] = path;
    const inner = rest.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
    return `${this.#project}:${String(top)}${inner.join("")}`;
  }

  /** Is the top-level key of this path marked as holding secrets? */
  isSecret(path: Path): boolean {
    return this.#secretKeys.has(this.at(path.slice(0, 1)));
  }

  problem(path: Path, message: string): void {
    this.problems.push({ path: this.at(path), message });
  }

  /** The value as its schema completes it, or undefined where something is wrong with it. */
  read<S extends z.ZodType>(schema: S, value: unknown, path: Path): z.output<S> | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const at = [...path, ...issue.path];
      if (issue.code === "unrecognized_keys") {
        // `mapping` writes one line per key.
        issue.message.split("\n").forEach((line, i) => {
          this.problem([...at, issue.keys[i] ?? ""], line);
        });
      } else {
        this.problem(at, this.#withValue(issue.message, at, valueAt(value, issue.path)));
      }
    }
    return undefined;
  }

  /** Under a key with secrets nobody can say which values are the secret ones: none is shown. */
  #withValue(message: string, path: Path, value: unknown): string {
    const text = this.isSecret(path) || isSecretField(path.at(-1)) ? undefined : shown(value);
    return text === undefined ? message : `${text} ${message}`;
  }
}
