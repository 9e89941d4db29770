/** ansible-core: the files by copy, and a handler that reloads; made as cheap as its own settings allow. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { PROJECT_ROOT } from "../../tools/engine.ts";
import { mustRun } from "../../tools/run.ts";
import { metered, readCost } from "../meter.ts";
import { PARALLEL, RELOAD } from "../pool.ts";
import type { StartRunner } from "./way.ts";

export const ANSIBLE_CORE = "2.19.14";
const VENV = join(PROJECT_ROOT, ".cache/bench", `ansible-core-${ANSIBLE_CORE}`);
/** Seconds of one playbook. */
const TIMEOUT = 1800;

/** From PyPI, once. */
export async function ensureAnsible(say: (line: string) => void): Promise<void> {
  if (existsSync(join(VENV, "complete"))) return;
  say(`installing ansible-core ${ANSIBLE_CORE} from PyPI`);
  await mustRun("python3", ["-m", "venv", "--clear", VENV]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await mustRun(join(VENV, "bin/python"), [...pip, `ansible-core==${ANSIBLE_CORE}`]);
  await writeFile(join(VENV, "complete"), "");
}

export const ansible: StartRunner = async ({ fleet, revisions, folder }) => {
  const settings = [
    "[defaults]",
    `forks = ${PARALLEL}`,
    "host_key_checking = True",
    "gathering = explicit",
    "retry_files_enabled = False",
    `interpreter_python = ${join(VENV, "bin/python")}`,
    `private_key_file = ${fleet.keyFile}`,
    `remote_user = ${fleet.user}`,
    `remote_port = ${fleet.port}`,
    `home = ${join(folder, "home")}`,
    "[ssh_connection]",
    "pipelining = True",
    // One channel less for each file than sftp.
    "transfer_method = piped",
    `control_path_dir = ${join(folder, "cp")}`,
    `ssh_args = -F none -C -o ControlMaster=auto -o ControlPersist=60s -o IdentitiesOnly=yes ` +
      `-o UserKnownHostsFile=${fleet.knownHosts} -o GlobalKnownHostsFile=none`,
    "",
  ];
  await writeFile(join(folder, "ansible.cfg"), settings.join("\n"));
  const inventory = fleet.nodes.map(
    (node) =>
      `${node.address} node_folder=${node.folder} ansible_remote_tmp=${join(node.folder, ".ansible")}\n`,
  );
  await writeFile(join(folder, "inventory"), inventory.join(""));
  for (const [index, { files }] of revisions.entries()) {
    for (const [path, content] of files) {
      const source = join(folder, `files-${index}`, path);
      await mkdir(dirname(source), { recursive: true });
      await writeFile(source, content);
    }
  }
  await writeFile(join(folder, "playbook.yml"), playbook([...revisions[0].files.keys()]));
  return {
    cases: ["first", "no-op", "change-all"],
    async run(which) {
      const result = join(folder, "cost");
      const source = join(folder, `files-${which === "change-all" ? 1 : 0}`);
      const [program, ...args] = metered(result, [
        join(VENV, "bin/ansible-playbook"),
        ...["-i", join(folder, "inventory"), "-e", `source=${source}`, join(folder, "playbook.yml")],
      ]);
      const env = { ...process.env, ANSIBLE_CONFIG: join(folder, "ansible.cfg"), LC_ALL: "C.UTF-8" };
      await mustRun(program, args, { env, timeout: TIMEOUT });
      return { ...(await readCost(result)), stateBytes: 0 };
    },
    close: () => Promise.resolve(),
  };
};

/** JSON is YAML too. */
const playbook = (paths: readonly string[]): string =>
  JSON.stringify([
    {
      hosts: "all",
      gather_facts: false,
      tasks: [
        {
          name: "files",
          "ansible.builtin.copy": {
            src: "{{ source }}/{{ item }}",
            dest: "{{ node_folder }}/{{ item }}",
            mode: "0644",
          },
          loop: paths,
          notify: "reload",
        },
      ],
      handlers: [
        {
          name: "reload",
          "ansible.builtin.shell": { cmd: RELOAD, chdir: "{{ node_folder }}" },
        },
      ],
    },
  ]);
