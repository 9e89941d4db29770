/** Hosts, groups and variables of an Ansible inventory, whichever form it was written in. */
import { meant } from "../schema/value.ts";

/** A variable's value as text and where it was written: `hosts.ini:3`. */
export interface Variable {
  readonly value: string;
  readonly at: string;
}

export type Variables = ReadonlyMap<string, Variable>;

interface Group {
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  readonly variables: Map<string, Variable>;
}

export interface Host {
  /** Where it was first named. */
  readonly at: string;
  readonly variables: Map<string, Variable>;
}

export class AnsibleInventory {
  readonly hosts = new Map<string, Host>();
  readonly groups = new Map<string, Group>(["all", "ungrouped"].map((name) => [name, newGroup()]));

  group(name: string): Group {
    const found = this.groups.get(name);
    if (found !== undefined) return found;
    const made = newGroup();
    this.groups.set(name, made);
    return made;
  }

  /** The host, known from now on, and a member of the group. */
  host(name: string, group: string, at: string): Host {
    const host = this.hosts.get(name) ?? { at, variables: new Map<string, Variable>() };
    this.hosts.set(name, host);
    this.group(group).hosts.add(name);
    return host;
  }

  /** In the order that they were named in; undefined where there is no such group. */
  membersOf(group: string): string[] | undefined {
    if (group === "all") return [...this.hosts.keys()];
    if (group === "ungrouped") return this.#ungrouped();
    if (!this.groups.has(group)) return undefined;
    const members = new Set<string>();
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const found = this.groups.get(name);
      for (const host of found?.hosts ?? []) members.add(host);
      for (const child of found?.children ?? []) visit(child);
    };
    visit(group);
    return [...members];
  }

  /** Whatever its section in the file says: those that no other group has. */
  #ungrouped(): string[] {
    const grouped = new Set<string>();
    for (const [name, { hosts }] of this.groups) {
      if (name !== "all" && name !== "ungrouped") for (const host of hosts) grouped.add(host);
    }
    return [...this.hosts.keys()].filter((host) => !grouped.has(host));
  }

  /**
   * All groups of each host, the most general first, as Ansible lets later ones override earlier ones: by their distance
   * from `all`, then by ansible_group_priority, then by name.
   */
  groupsByHost(): ReadonlyMap<string, readonly string[]> {
    const parents = new Map<string, string[]>();
    for (const [name, { children }] of this.groups) {
      for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name]);
    }
    const depths = new Map<string, number>([["all", 0]]);
    const depthOf = (name: string, below: ReadonlySet<string>): number => {
      const known = depths.get(name);
      if (known !== undefined) return known;
      // A group that contains itself, which Ansible refuses, ends here.
      const above = (parents.get(name) ?? []).filter((parent) => !below.has(parent));
      const depth = 1 + Math.max(0, ...above.map((parent) => depthOf(parent, new Set([...below, name]))));
      depths.set(name, depth);
      return depth;
    };
    const ordered = [...this.groups.keys()]
      .filter((name) => name !== "all")
      .map((name) => ({ name, depth: depthOf(name, new Set([name])), priority: this.#priorityOf(name) }))
      .sort((a, b) => a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1));
    const byHost = new Map<string, string[]>([...this.hosts.keys()].map((host) => [host, ["all"]]));
    for (const { name } of ordered) {
      for (const host of this.membersOf(name) ?? []) byHost.get(host)?.push(name);
    }
    return byHost;
  }

  #priorityOf(group: string): number {
    const priority = Number(this.groups.get(group)?.variables.get("ansible_group_priority")?.value ?? 1);
    return Number.isNaN(priority) ? 1 : priority;
  }
}

/** What to say of a name that no group has. */
export function noGroup(name: string, groups: Iterable<string>): string {
  const known = [...groups];
  const near = meant(name, known);
  return `no group ${name}; ${near === undefined ? `known: ${known.join(", ")}` : `did you mean ${near}?`}`;
}

function newGroup(): Group {
  return { hosts: new Set(), children: new Set(), variables: new Map() };
}
