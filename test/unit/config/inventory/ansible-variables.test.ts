/** Which of several values of a variable counts, and where they are read from. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ansibleNodes } from "../../../../config/inventory/ansible.ts";
import { nodesOf } from "./ansible-nodes.ts";
import { folderWith } from "./folder.ts";

test("variables override each other as in Ansible", async () => {
  const text = `[outer:children]
g
[g]
a ansible_port=1
b
c
d ansible_user='of d'
e ansible_host=10.0.0.5
[outer:vars]
ansible_port=2
ansible_user=outer
[g:vars]
ansible_user=g  # the inner group
`;
  const more = {
    "group_vars/all.yml": "ansible_user: everybody\nansible_host: ignored-by-e\n",
    "group_vars/outer/ssh.yaml": "ansible_port: 3\n",
    "group_vars/outer/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n6231\n",
    "group_vars/outer/.hidden.yml": "ansible_port: 9\n",
    "host_vars/c.json": '{"ansible_port": 4}',
    "host_vars/d": "ansible_port: 5\n",
  };
  const host = (name: string, port: number, user: string, address = "ignored-by-e") => ({
    name,
    address,
    port,
    user,
  });
  expect(await nodesOf(text, "g", { more })).toEqual({
    nodes: [
      host("a", 1, "everybody"),
      host("b", 3, "everybody"),
      host("c", 4, "everybody"),
      host("d", 5, "of d"),
      host("e", 3, "everybody", "10.0.0.5"),
    ],
    problems: [],
  });
  expect((await nodesOf(text, "g")).nodes.map(({ port, user }) => [port, user])).toEqual([
    [1, "g"],
    [2, "g"],
    [2, "g"],
    [2, "of d"],
    [2, "g"],
  ]);
});

test("files of variables: names with dots, the first of several, others' aren't read", async () => {
  const more = {
    "host_vars/a.example.com": "ansible_port: 1\n",
    "host_vars/b.example.com.yml": "ansible_port: 2\nansible_port: 3\n",
    "group_vars/g/main.yml": "ansible_user: !unsafe of-a-folder\n",
    "group_vars/g/sub/more": "ansible_host: deep\n",
    "group_vars/g/notes.txt": "- [",
    "group_vars/g.yml": "- [",
    "group_vars/others.yml": "- [",
  };
  expect(await nodesOf("[g]\na.example.com\nb.example.com\n[others]\nc\n", "g", { more })).toEqual({
    nodes: [
      { name: "a.example.com", address: "deep", port: 1, user: "of-a-folder" },
      { name: "b.example.com", address: "deep", port: 3, user: "of-a-folder" },
    ],
    problems: [],
  });
});

test("links are followed", async () => {
  const folder = folderWith({ "hosts.ini": "[g]\na\n", "shared/g/main.yml": "ansible_user: linked\n" });
  mkdirSync(join(folder, "group_vars"));
  symlinkSync("../shared/g", join(folder, "group_vars/g"));
  const { nodes } = await ansibleNodes({ file: "hosts.ini", group: "g" }, folder);
  expect(nodes[0]?.user).toBe("linked");
});

test("of two groups the one of higher priority counts", async () => {
  const text = "[z]\nn\n[z:vars]\nansible_user=z\n[a]\nn\n[a:vars]\nansible_user=a\n";
  const user = async (more: string) => (await nodesOf(text + more, "z")).nodes[0]?.user;
  expect([await user(""), await user("ansible_group_priority=10\n")]).toEqual(["z", "a"]);
});
