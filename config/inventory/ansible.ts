/** Nodes from an Ansible inventory: a file, and the folders group_vars and host_vars beside it. */
import { readdir, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { noGroup, type AnsibleInventory, type Variable, type Variables } from "./ansible-groups.ts";
import { readIni } from "./ansible-ini.ts";
import { readVariables, readYaml } from "./ansible-yaml.ts";
import { InventoryError, type Found, type InventoryNode, type InventoryProblem } from "./inventory.ts";
import { jumpOf } from "./ansible-jump.ts";
import { pathOf, readLocal } from "./local-file.ts";

export interface AnsibleSource {
  readonly file: string;
  readonly group: string;
  readonly except?: string | undefined;
}

const endings = [".yml", ".yaml", ".json"];

const remedy = (file: string): string =>
  `ansible-inventory -i ${file} --list --export --yaml --output hosts.yaml writes one that can be read`;

/**
 * `hasJump`: the settings say which way leads to the nodes, whatever the inventory says.
 * @throws InventoryError where the whole can't be read
 */
export async function ansibleNodes(
  { file, group, except }: AnsibleSource,
  folder: string,
  { hasJump = false } = {},
): Promise<Found> {
  const text = await readLocal(file, folder);
  if (text.startsWith("#!")) throw new InventoryError(`${file} is a program; ${remedy(file)}`);
  if (text.startsWith("$ANSIBLE_VAULT")) throw new InventoryError(`${file} is encrypted; ${remedy(file)}`);
  const isYaml = endings.includes(extname(file));
  if (isYaml && /^plugin:/m.test(text)) throw new InventoryError(`${file} is for a plugin; ${remedy(file)}`);
  const inventory = isYaml ? readYaml(text, file) : readIni(text, file);
  const left = new Set(except === undefined ? [] : members(inventory, except, file));
  const wanted = members(inventory, group, file).filter((name) => !left.has(name));
  const variables = await variablesOf(inventory, wanted, dirname(file), folder);
  const problems: InventoryProblem[] = [];
  const nodes = wanted.flatMap((name): InventoryNode[] => {
    try {
      const at = inventory.hosts.get(name)?.at ?? file;
      return [nodeOf(name, at, variables.get(name) ?? new Map(), hasJump)];
    } catch (error) {
      if (!(error instanceof InventoryError)) throw error;
      problems.push({ text: error.message, node: name });
      return [];
    }
  });
  return { nodes, problems };
}

function members(inventory: AnsibleInventory, group: string, file: string): string[] {
  const found = inventory.membersOf(group);
  if (found !== undefined) return found;
  throw new InventoryError(`${file} has ${noGroup(group, inventory.groups.keys())}`);
}

/** Later ones override earlier ones, in Ansible's order: the file's groups, group_vars, the file's hosts, host_vars. */
async function variablesOf(
  inventory: AnsibleInventory,
  hosts: readonly string[],
  beside: string,
  folder: string,
): Promise<ReadonlyMap<string, Variables>> {
  const groupsByHost = inventory.groupsByHost();
  const theirs = new Set(hosts.flatMap((host) => groupsByHost.get(host) ?? []));
  const groupFiles = await filesOf(join(beside, "group_vars"), folder, theirs);
  const hostFiles = await filesOf(join(beside, "host_vars"), folder, hosts);
  const found = new Map<string, Variables>();
  for (const host of hosts) {
    const groups = groupsByHost.get(host) ?? [];
    found.set(
      host,
      new Map([
        ...groups.flatMap((group) => [...(inventory.groups.get(group)?.variables ?? [])]),
        ...groups.flatMap((group) => groupFiles.get(group) ?? []),
        ...(inventory.hosts.get(host)?.variables ?? []),
        ...(hostFiles.get(host) ?? []),
      ]),
    );
  }
  return found;
}

type NamedVariables = ReadonlyMap<string, readonly (readonly [string, Variable])[]>;

/** Each group's or host's: a file or a folder of its name. */
async function filesOf(path: string, folder: string, names: Iterable<string>): Promise<NamedVariables> {
  const there = new Set(await namesIn(path, folder));
  const found = new Map<string, [string, Variable][]>();
  for (const name of names) {
    // The first that is there, as Ansible takes it.
    const file = ["", ...endings].map((ending) => name + ending).find((one) => there.has(one));
    if (file !== undefined) found.set(name, await variablesUnder(join(path, file), folder));
  }
  return found;
}

async function variablesUnder(path: string, folder: string): Promise<[string, Variable][]> {
  if (!(await isFolder(path, folder))) {
    const text = await readLocal(path, folder);
    // Secrets of Ansible's own; a variable that is needed from there is missing then.
    return text.startsWith("$ANSIBLE_VAULT") ? [] : readVariables(text, path);
  }
  const found: [string, Variable][] = [];
  for (const name of (await namesIn(path, folder)).sort()) {
    // Folders with an ending are passed over too.
    const isRead = ["", ...endings].includes(extname(name)) && !/^\.|~$/.test(name);
    if (isRead) found.push(...(await variablesUnder(join(path, name), folder)));
  }
  return found;
}

const namesIn = (path: string, folder: string): Promise<string[]> =>
  readdir(pathOf(path, folder)).catch(() => []);

/** Links are followed. */
const isFolder = (path: string, folder: string): Promise<boolean> =>
  stat(pathOf(path, folder)).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** @throws InventoryError for a variable that can't be honoured */
function nodeOf(name: string, at: string, variables: Variables, hasJump: boolean): InventoryNode {
  const get = (...names: readonly string[]): Variable | undefined => {
    const found = names.map((one) => variables.get(one)).find((variable) => variable !== undefined);
    if (found !== undefined && /\{[{%#]/.test(found.value)) {
      throw new InventoryError(
        `${found.at}: ${names[0] ?? ""} is a template or encrypted, which only Ansible can read; ` +
          "write it in plain, for example in host_vars",
      );
    }
    return found?.value === "" ? undefined : found;
  };
  const connection = get("ansible_connection");
  if (connection !== undefined && !/^(?:ssh|smart|paramiko|paramiko_ssh)$/.test(connection.value)) {
    throw new InventoryError(
      `${connection.at}: ansible_connection is ${connection.value}, and ssh is the only way here`,
    );
  }
  const port = get("ansible_port", "ansible_ssh_port");
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port.value)) {
    throw new InventoryError(`${port.at}: ansible_port is no port`);
  }
  const user = get("ansible_user", "ansible_ssh_user")?.value;
  const privateKeyFile = get("ansible_ssh_private_key_file", "ansible_private_key_file")?.value;
  const args = hasJump ? [] : ["ansible_ssh_common_args", "ansible_ssh_extra_args"];
  const jump = jumpOf(args.flatMap((one) => get(one) ?? []));
  return {
    name,
    address: get("ansible_host", "ansible_ssh_host")?.value ?? name,
    ...(port && { port: Number(port.value) }),
    ...(user !== undefined && { user }),
    ...(privateKeyFile !== undefined && { privateKeyFile }),
    ...(jump && { jump }),
    at,
  };
}
