import { describe, expect, test } from "vitest";
import { ansibleNodes } from "../../../../config/inventory/ansible.ts";
import { hostsOf } from "../../../../config/inventory/ansible-hosts.ts";
import { nodesOf } from "./ansible-nodes.ts";
import { folderWith } from "./folder.ts";

/** Why the whole is refused. */
async function refused(text: string, group = "g", file = "hosts.ini"): Promise<string> {
  return ansibleNodes({ file, group }, folderWith({ [file]: text })).then(
    ({ problems }) => problems.map(({ text: problem }) => problem).join("\n"),
    (error: unknown) => String(error),
  );
}

const kubesprayIni = `# ## Configure 'ip' variable to bind kubernetes services
[all]
node1 ansible_host=95.54.0.12  # ip=10.3.0.1 etcd_member_name=etcd1
node2 ansible_host=95.54.0.13
node3 ansible_host=95.54.0.14 ansible_port=2222
# node4 ansible_host=95.54.0.15

[all:vars]
ansible_user=ubuntu

; a comment of another kind
[kube_control_plane]
node1

[etcd]
node1

[kube_node]
node2
node3

[calico_rr]

[k8s_cluster:children]
kube_control_plane
kube_node
calico_rr
`;

const kubesprayYaml = `all:
  hosts:
    node1:
      ansible_host: 95.54.0.12
      ip: 95.54.0.12
      access_ip: 95.54.0.12
    node2:
      ansible_host: 95.54.0.13
    node3:
      ansible_host: 95.54.0.14
      ansible_port: 2222
  vars:
    ansible_user: ubuntu
  children:
    kube_control_plane:
      hosts:
        node1:
    kube_node:
      hosts:
        node2:
        node3:
    etcd:
      hosts:
        node1:
    k8s_cluster:
      children:
        kube_control_plane:
        kube_node:
    calico_rr:
      hosts: {}
`;

describe.each([
  ["hosts.ini", kubesprayIni],
  ["hosts.yaml", kubesprayYaml],
])("Kubespray's inventory as %s", (file, text) => {
  test("gives the nodes of a group", async () => {
    expect(await nodesOf(text, "kube_node", { file })).toEqual({
      nodes: [
        { name: "node2", address: "95.54.0.13", user: "ubuntu" },
        { name: "node3", address: "95.54.0.14", port: 2222, user: "ubuntu" },
      ],
      problems: [],
    });
  });

  test("gives those of a group's children, without those of another group", async () => {
    const names = async (group: string, except?: string) =>
      (await nodesOf(text, group, { file, ...(except !== undefined && { except }) })).nodes.map(
        ({ name }) => name,
      );
    expect(await names("k8s_cluster")).toEqual(["node1", "node2", "node3"]);
    expect(await names("k8s_cluster", "kube_control_plane")).toEqual(["node2", "node3"]);
    expect(await names("all")).toEqual(["node1", "node2", "node3"]);
    expect(await names("calico_rr")).toEqual([]);
  });

  test("says where each node stands", async () => {
    const { nodes } = await ansibleNodes({ file, group: "kube_node" }, folderWith({ [file]: text }));
    expect(nodes[0]?.at).toBe(file === "hosts.ini" ? "hosts.ini:4" : "hosts.yaml:7");
  });

  test("a group that isn't there: the near one", async () => {
    expect(await refused(text, "kube-node", file)).toBe(
      `Error: ${file} has no group kube-node; did you mean kube_node?`,
    );
  });
});

test.each([
  ["node[1:3]", ["node1", "node2", "node3"]],
  ["node[08:10].example.com", ["node08.example.com", "node09.example.com", "node10.example.com"]],
  ["r[a:b]n[0:4:2]", ["ran0", "ran2", "ran4", "rbn0", "rbn2", "rbn4"]],
  ["2001:db8::7", ["2001:db8::7"]],
  ["[2001:db8::7]", ["2001:db8::7"]],
])("%s is several hosts", (pattern, names) => {
  expect(hostsOf(pattern)).toEqual({ names });
});

test.each([
  ["node:2222", { names: ["node"], port: "2222" }],
  ["node[1:2]:2222", { names: ["node1", "node2"], port: "2222" }],
  ["[2001:db8::7]:2222", { names: ["2001:db8::7"], port: "2222" }],
])("%s has a port", (pattern, hosts) => {
  expect(hostsOf(pattern)).toEqual(hosts);
});

describe("jump hosts and keys", () => {
  const one = async (variables: string) => (await nodesOf(`[g]\nn ${variables}\n`, "g")).nodes[0];

  test.each([
    [
      `ansible_ssh_common_args='-o ProxyJump=ops@bastion:2222'`,
      { address: "bastion", port: 2222, user: "ops" },
    ],
    [
      `ansible_ssh_common_args="-o StrictHostKeyChecking=no -J [2001:db8::1]"`,
      { address: "2001:db8::1", port: 22 },
    ],
    [
      `ansible_ssh_extra_args='-oProxyJump=bastion.example.com'`,
      { address: "bastion.example.com", port: 22 },
    ],
    [`ansible_ssh_common_args='-o ProxyJump=none'`, undefined],
    [`ansible_ssh_common_args='-o ControlMaster=auto -o CanonicalizeHostname=no'`, undefined],
  ])("%s", async (variables, jump) => {
    expect((await one(variables))?.jump).toEqual(jump);
  });

  test("a key's file", async () => {
    expect((await one("ansible_ssh_private_key_file=~/.ssh/nodes"))?.privateKeyFile).toBe("~/.ssh/nodes");
  });

  test.each([
    [`-o ProxyCommand="ssh -W %h:%p bastion"`, "these arguments of SSH can't be followed here"],
    ["-F ssh.cfg", "these arguments of SSH can't be followed here"],
    ["-Fssh.cfg", "these arguments of SSH can't be followed here"],
    ["-oHostName=other", "these arguments of SSH can't be followed here"],
    ["-o ProxyJump=a,b", "ProxyJump goes by several jump hosts"],
    ["-J a:b:c", "ProxyJump can't be read"],
  ])("%s is not passed over", async (args, problem) => {
    expect(await refused(`[g]\nn ansible_ssh_common_args='${args}'\n`)).toContain(`hosts.ini:2: ${problem}`);
  });
});

test.each([
  [
    "[g]\nn ansible_connection=local",
    "hosts.ini:2: ansible_connection is local, and ssh is the only way here",
  ],
  ["[g]\nn ansible_port=ssh", "hosts.ini:2: ansible_port is no port"],
  ["[g]\nn ansible_host='{{ ip }}'", "hosts.ini:2: ansible_host is a template or encrypted"],
  [
    `[g]\nn ansible_ssh_common_args="{% if 'b' in groups %}-F x{% endif %}"`,
    "hosts.ini:2: ansible_ssh_common_args is a template or encrypted",
  ],
  ["[g]\n\nn 'ansible_host=1", "hosts.ini:3: a quote is not closed"],
  ["[g]\nn port", "hosts.ini:2: port is not NAME=VALUE"],
  ["[g:kids]\nn", "hosts.ini:1: [g:kids] is neither hosts, vars nor children"],
  ["[g:vars]\nansible_user", "hosts.ini:2: is no variable; for example: ansible_user=ops"],
  ["[g]\nn[1-3]", "hosts.ini:2: [1-3] is no range"],
  ["[g]\nn[1", "hosts.ini:2: n[1 has one bracket without the other"],
  ["[g]\nn\n[ h ]", "hosts.ini:3: is no section; for example: [kube_node] or [kube_node:vars]"],
  ["[g]\nn\n[g:vars] ; ours", "hosts.ini:3: is no section"],
  ["[g]\nn\n[all_of_them:children]\ng\n\nh", "hosts.ini:6: there is no group h"],
  ["[gg:vars]\nansible_user=x\n[g]\nn", "hosts.ini:1: there is no group gg; did you mean g?"],
  ["[g]\nn[3:1]", "hosts.ini:2: [3:1] ends before it begins"],
  ["[g]\nn[1:99999]", "hosts.ini:2: [1:99999] is more than 10000 hosts"],
  ["[g]\nn[1:999][1:999]", "is more than 10000 hosts"],
  ["#!/usr/bin/python3\n", "hosts.ini is a program; ansible-inventory -i hosts.ini --list --export --yaml"],
  ["$ANSIBLE_VAULT;1.1;AES256\n", "hosts.ini is encrypted; ansible-inventory"],
])("%j is refused", async (text, problem) => {
  expect(await refused(text)).toContain(problem);
});

test.each([
  [
    "plugin: amazon.aws.aws_ec2\n",
    "hosts.yaml is for a plugin; ansible-inventory -i hosts.yaml --list --export --yaml",
  ],
  ["all: [1]", "hosts.yaml:1: must be a mapping"],
  ["all:\n  hosts:\n    a:\n  kids: {}", "hosts.yaml:4: kids is neither hosts, vars nor children"],
  ["all:\n  hosts: {a: {}\n", "hosts.yaml:"],
  [
    "all:\n  children:\n    g:\n      hosts:\n        n: {ansible_host: !vault abc}\n",
    "hosts.yaml:5: ansible_host is a template or encrypted",
  ],
])("YAML %j is refused", async (text, problem) => {
  expect(await refused(text, "g", "hosts.yaml")).toContain(problem);
});

test("all wrong hosts are told", async () => {
  const { nodes, problems } = await nodesOf(
    "[g]\na\nb ansible_port=x\nc\n[g:vars]\nansible_connection=winrm\n",
    "g",
  );
  expect(nodes).toEqual([]);
  const text = "hosts.ini:6: ansible_connection is winrm, and ssh is the only way here";
  expect(problems).toEqual(["a", "b", "c"].map((node) => ({ text, node })));
});

test("YAML's << takes mappings over", async () => {
  const text = `all:
  vars: &vars { ansible_user: of-vars, ansible_port: 1 }
  hosts:
    a: &a { ansible_host: 10.0.0.1, ansible_user: of-a }
    b: { ansible_host: 10.0.0.2, <<: *a }
    c:
      <<: [*a, *vars]
`;
  expect((await nodesOf(text, "all", { file: "hosts.yaml" })).nodes).toEqual([
    { name: "a", address: "10.0.0.1", port: 1, user: "of-a" },
    { name: "b", address: "10.0.0.2", port: 1, user: "of-a" },
    { name: "c", address: "10.0.0.1", port: 1, user: "of-a" },
  ]);
});

test("ungrouped hosts are those that no other group has", async () => {
  expect((await nodesOf("a\nb\n[g]\nb\n", "ungrouped")).nodes.map(({ name }) => name)).toEqual(["a"]);
});

test("a file that isn't there, and a folder", async () => {
  const folder = folderWith({ "inventory/hosts": "[g]\n" });
  await expect(ansibleNodes({ file: "nowhere.ini", group: "g" }, folder)).rejects.toThrow(
    "nowhere.ini is not there",
  );
  await expect(ansibleNodes({ file: "inventory", group: "g" }, folder)).rejects.toThrow(
    "is a folder, and one file is wanted",
  );
});

test("groups that contain each other end", async () => {
  expect((await nodesOf("[a:children]\nb\n[b:children]\na\n[b]\nn\n", "a")).nodes).toEqual([
    { name: "n", address: "n" },
  ]);
});
