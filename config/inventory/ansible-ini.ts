/** An Ansible inventory in INI's form: sections of hosts, of variables and of child groups. */
import { AnsibleInventory, noGroup, type Variable } from "./ansible-groups.ts";
import { hostsOf } from "./ansible-hosts.ts";
import { InventoryError } from "./inventory.ts";

/**
 * `file` is how errors call it.
 * @throws InventoryError with the line that can't be read
 */
export function readIni(text: string, file: string): AnsibleInventory {
  const inventory = new AnsibleInventory();
  /** Groups that only lines about them name so far, with the first such line. */
  const named = new Map<string, string>();
  const declared = new Set(["all", "ungrouped"]);
  let group = "ungrouped";
  let kind = "hosts";
  text.split(/\r?\n/).forEach((raw, i) => {
    const at = `${file}:${i + 1}`;
    const line = raw.trim();
    if (line === "" || /^[#;]/.test(line)) return;
    // A host may begin with a range too, so only a whole line in brackets is a section.
    const section = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(line);
    if (section !== null) {
      [, group = "", kind = "hosts"] = section;
      if (!["hosts", "vars", "children"].includes(kind)) {
        throw new InventoryError(`${at}: [${group}:${kind}] is neither hosts, vars nor children`);
      }
      inventory.group(group);
      if (kind !== "vars") declared.add(group);
      else if (!named.has(group)) named.set(group, at);
    } else if (/^\[[^\]]*\](?:\s*[#;].*)?$/.test(line)) {
      throw new InventoryError(`${at}: is no section; for example: [kube_node] or [kube_node:vars]`);
    } else if (kind === "vars") {
      const [, name = "", value = ""] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (name === "") throw new InventoryError(`${at}: is no variable; for example: ansible_user=ops`);
      inventory.group(group).variables.set(name, { value: unquoted(withoutComment(value)), at });
    } else if (kind === "children") {
      const name = withoutComment(line);
      inventory.group(group).children.add(name);
      if (!named.has(name)) named.set(name, at);
    } else addHosts(inventory, group, line, at);
  });
  // Else a mistyped name would leave a group without its nodes.
  for (const [name, at] of named) {
    if (declared.has(name)) continue;
    throw new InventoryError(`${at}: there is ${noGroup(name, declared)}`);
  }
  return inventory;
}

function addHosts(inventory: AnsibleInventory, group: string, line: string, at: string): void {
  const [pattern = "", ...pairs] = words(line, at);
  const { names, port } = located(at, () => hostsOf(pattern));
  const given: [string, Variable][] = pairs.map((pair) => {
    const [, name = "", value = ""] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (name === "") throw new InventoryError(`${at}: ${pair.slice(0, 40)} is not NAME=VALUE`);
    return [name, { value, at }];
  });
  for (const name of names) {
    const { variables } = inventory.host(name, group, at);
    if (port !== undefined) variables.set("ansible_port", { value: port, at });
    for (const [key, value] of given) variables.set(key, value);
  }
}

/** The words of a line as a shell parts them; what follows a # outside of quotes is a comment. */
function words(line: string, at: string): string[] {
  const found: string[] = [];
  let rest = line;
  while (rest !== "" && !rest.startsWith("#")) {
    const [word = ""] = /^(?:[^\s"'\\#]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/s.exec(rest) ?? [];
    if (word === "") throw new InventoryError(`${at}: a quote is not closed`);
    found.push(
      word.replace(
        /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
        (_all, double?: string, single?: string, escaped?: string) =>
          double?.replace(/\\(["\\])/g, "$1") ?? single ?? escaped ?? "",
      ),
    );
    const after = rest.slice(word.length);
    if (after !== "" && !/^[\s#]/.test(after)) throw new InventoryError(`${at}: a quote is not closed`);
    rest = after.trimStart();
  }
  return found;
}

const withoutComment = (value: string): string => value.replace(/(^|\s)#.*$/, "").trim();

const unquoted = (value: string): string => /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;

/** Puts the place in front of what goes wrong there. */
export function located<T>(at: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof InventoryError ? new InventoryError(`${at}: ${error.message}`) : error;
  }
}
