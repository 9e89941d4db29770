/** Our reading of Ansible inventories against ansible-inventory itself. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { ANSIBLE_CORE, ensureAnsible } from "../../bench/ways/ansible.ts";
import { ansibleNodes } from "../../config/inventory/ansible.ts";
import { PROJECT_ROOT } from "../../tools/engine.ts";
import { mustRun } from "../../tools/run.ts";

const program = join(PROJECT_ROOT, ".cache/bench", `ansible-core-${ANSIBLE_CORE}`, "bin/ansible-inventory");

const files = {
  "ansible.cfg": "[defaults]\n",
  "hosts.ini": `# ## Configure 'ip' variable to bind kubernetes services
loose ansible_host=10.0.0.1#not this
[all]
node1 ansible_host=95.54.0.12  # ip=10.3.0.1 etcd_member_name=etcd1
node2 ansible_host="95.54.0.13" ip=10.3.0.2 access_ip=95.54.0.13 etcd_member_name='' note="a # b"
rack[a:b]-[01:03].example.com:2222 ansible_user='o ps'
x[0:6:3] ansible_user=a\\ b
2001:db8::7

[kube_control_plane]  # comment
node1

; comment
[etcd:children]
kube_control_plane

[kube_node]
node2 node_labels='{"a": "b"}'
racka-01.example.com
rackb-03.example.com
[calico-rr]

[k8s_cluster:children]   # comment
kube_control_plane
kube_node   # comment
calico-rr

[k8s_cluster:vars]
ansible_user = core
ansible_port=22022
[z_first:vars]
ansible_user=z
ansible_group_priority=10
[z_first]
x0
[z_last]
x0
x3
[z_last:vars]
ansible_user=last
`,
  "hosts.yaml": `---
all:
  vars: &vars { ansible_user: of-vars }
  hosts:
    node[1:2]: &node { ansible_host: 10.0.0.1, ansible_port: 2222 }
    merged: { ansible_host: 10.0.0.2, <<: *node }
    both: { <<: [*node, *vars] }
    same: *node
    loose:
  children:
    kube_node:
      hosts: { node1: { ansible_port: "22" }, merged: }
      vars: { ansible_user: of-group, other: [1] }
    empty:
kube_control_plane:
  hosts: { node2: , "2001:db8::7": { ansible_user: 1000 } }
k8s_cluster:
  children: { kube_node: , kube_control_plane: {} }
  vars: { ansible_private_key_file: ~/.ssh/id }
`,
  "group_vars/all/deep/more": "ansible_private_key_file: keys/all\n",
  "group_vars/all/not.d/more": "ansible_private_key_file: keys/not\n",
  "group_vars/calico-rr.yml": "ansible_port: 1\n",
  "group_vars/kube_node/main.yml": "ansible_port: 3\n",
  "group_vars/kube_node/secret.yml": "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6231\n",
  "group_vars/kube_node.yml": "ansible_port: 4\n",
  "group_vars/ungrouped.json": '{"ansible_port": 5}',
  "host_vars/racka-01.example.com": "ansible_port: 6\nansible_port: 7\n",
  "host_vars/rackb-03.example.com.yaml": "ansible_host: 10.0.0.9\n",
};

const folder = mkdtempSync(join(tmpdir(), "ansible-"));

beforeAll(async () => {
  await ensureAnsible(() => undefined);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Without the settings of whoever runs the test. */
const inventory = (...args: readonly string[]): Promise<string> => {
  const ansible = { ANSIBLE_CONFIG: join(folder, "ansible.cfg"), ANSIBLE_HOME: join(folder, "home") };
  return mustRun(program, args, { env: { ...process.env, ...ansible, LC_ALL: "C.UTF-8" }, timeout: 60 });
};

/** What is compared are texts and numbers. */
const value = z.union([z.string(), z.number().transform(String), z.unknown().transform(() => undefined)]);
const listed = z
  .object({
    _meta: z.object({ hostvars: z.record(z.string(), z.record(z.string(), value)) }),
  })
  .catchall(z.object({ hosts: z.array(z.string()).default([]), children: z.array(z.string()).default([]) }));

const variables = {
  address: "ansible_host",
  port: "ansible_port",
  user: "ansible_user",
  privateKeyFile: "ansible_private_key_file",
};

/** Each group's hosts, and each host's variables, as texts. */
async function asAnsible(file: string) {
  const stdout = await inventory("-i", join(folder, file), "--list");
  const { _meta: meta, ...groups } = listed.parse(JSON.parse(stdout));
  const below = (name: string): string[] => [
    ...(groups[name]?.hosts ?? []),
    ...(groups[name]?.children ?? []).flatMap(below),
  ];
  const names = new Set(Object.entries(groups).flatMap(([name, { children }]) => [name, ...children]));
  return {
    groups: Object.fromEntries([...names].map((name) => [name, [...new Set(below(name))].sort()])),
    hosts: Object.fromEntries(
      [...new Set(below("all"))].map((host) => [
        host,
        Object.fromEntries(
          Object.entries(variables).map(([ours, theirs]) => {
            return [ours, meta.hostvars[host]?.[theirs]];
          }),
        ),
      ]),
    ),
  };
}

async function asWe(file: string, groups: readonly string[]) {
  const nodesOf = async (group: string) => (await ansibleNodes({ file, group }, folder)).nodes;
  const members = groups.map(
    async (group) => [group, (await nodesOf(group)).map(({ name }) => name).sort()] as const,
  );
  return {
    groups: Object.fromEntries(await Promise.all(members)),
    hosts: Object.fromEntries(
      (await nodesOf("all")).map(({ name, address, port, user, privateKeyFile }) => [
        name,
        { address: address === name ? undefined : address, port: port?.toString(), user, privateKeyFile },
      ]),
    ),
  };
}

test.each(["hosts.ini", "hosts.yaml", "exported/hosts.yaml"])(
  "%s",
  async (file) => {
    if (file.startsWith("exported/")) {
      const output = join(folder, file);
      mkdirSync(dirname(output));
      await inventory("-i", join(folder, "hosts.ini"), "--list", "--export", "--yaml", "--output", output);
    }
    const theirs = await asAnsible(file);
    expect(Object.keys(theirs.hosts).length).toBeGreaterThan(5);
    expect(await asWe(file, Object.keys(theirs.groups))).toEqual(theirs);
  },
  120_000,
);
