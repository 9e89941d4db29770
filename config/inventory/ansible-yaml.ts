/** An Ansible inventory in YAML's form, and the files of group_vars and host_vars. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import { AnsibleInventory, type Variable } from "./ansible-groups.ts";
import { hostsOf } from "./ansible-hosts.ts";
import { located } from "./ansible-ini.ts";
import { InventoryError } from "./inventory.ts";

interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly at: string;
}

/** A document's top-level entries, and those of mappings inside it, each with its line. */
class Yaml {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  constructor(text: string, file: string, { uniqueKeys = true } = {}) {
    this.#file = file;
    // Tags such as !vault are Ansible's own.
    this.#document = parseDocument(text, { lineCounter: this.#lines, logLevel: "error", uniqueKeys });
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const [reason = ""] = error.message.split(/ at line |\n/);
      throw new InventoryError(`${file}:${this.#lines.linePos(error.pos[0]).line}: is no YAML: ${reason}`);
    }
  }

  get top(): Entry[] {
    return this.entries(this.#document.contents, `${this.#file}:1`);
  }

  /** Nothing where it is empty. */
  entries(node: unknown, at: string): Entry[] {
    const value = isAlias(node) ? node.resolve(this.#document) : node;
    if (value === null || value === undefined || (isScalar(value) && value.value === null)) return [];
    if (!isMap(value)) throw new InventoryError(`${at}: must be a mapping`);
    const all = value.items.map((pair): Entry => {
      const { key } = pair;
      const line = isScalar(key) && key.range ? this.#lines.linePos(key.range[0]).line : 1;
      const inner = isAlias(pair.value) ? pair.value.resolve(this.#document) : pair.value;
      return { key: isScalar(key) ? String(key.value) : "", value: inner, at: `${this.#file}:${line}` };
    });
    const [merged, own] = [all.filter(({ key }) => key === "<<"), all.filter(({ key }) => key !== "<<")];
    return [...merged.flatMap((entry) => this.#merged(entry)), ...own];
  }

  /** What `<<` takes over, the one that counts last: of several mappings the first. */
  #merged({ value, at }: Entry): Entry[] {
    const mappings = isSeq(value) ? value.items.toReversed() : [value];
    return mappings.flatMap((one) => this.entries(one, at));
  }

  /** Ansible's own ones, which alone are used. What is encrypted becomes a template, which can't be. */
  variables(entries: readonly Entry[]): [string, Variable][] {
    return entries.flatMap(({ key, value, at }): [string, Variable][] => {
      if (!key.startsWith("ansible_") || !isScalar(value)) return [];
      const encrypted = value.tag?.startsWith("!vault") === true ? `{{ ${value.tag} }}` : undefined;
      const shown = encrypted ?? textOf(value.value);
      return shown === undefined ? [] : [[key, { value: shown, at }]];
    });
  }
}

/**
 * `file` is how errors call it.
 * @throws InventoryError with the line that can't be read
 */
export function readYaml(text: string, file: string): AnsibleInventory {
  const yaml = new Yaml(text, file);
  const inventory = new AnsibleInventory();
  const readGroup = ({ key: name, value, at }: Entry): void => {
    const group = inventory.group(name);
    for (const part of yaml.entries(value, at)) {
      if (part.key === "hosts") {
        for (const host of yaml.entries(part.value, part.at)) {
          const { names, port } = located(host.at, () => hostsOf(host.key));
          for (const one of names) {
            const { variables } = inventory.host(one, name, host.at);
            if (port !== undefined) variables.set("ansible_port", { value: port, at: host.at });
            for (const [key, variable] of yaml.variables(yaml.entries(host.value, host.at)))
              variables.set(key, variable);
          }
        }
      } else if (part.key === "vars") {
        for (const [key, variable] of yaml.variables(yaml.entries(part.value, part.at)))
          group.variables.set(key, variable);
      } else if (part.key === "children") {
        for (const child of yaml.entries(part.value, part.at)) {
          group.children.add(child.key);
          readGroup(child);
        }
      } else throw new InventoryError(`${part.at}: ${part.key} is neither hosts, vars nor children`);
    }
  };
  yaml.top.forEach(readGroup);
  return inventory;
}

/** Variables of one file of group_vars or host_vars. */
export function readVariables(text: string, file: string): [string, Variable][] {
  // Ansible only warns of a key that is there twice, and takes the last.
  const yaml = new Yaml(text, file, { uniqueKeys: false });
  return yaml.variables(yaml.top);
}

function textOf(value: unknown): string | undefined {
  if (value === null) return "";
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
