/** A playbook that does once what a pool does at each `up`: our drop-ins for CRI-O, then its reload. */
import { posix } from "node:path";
import { stringify } from "yaml";
import { caFile, caPath } from "../ca-file.ts";
import { crioDropIns, poolHead } from "../crio-drop-in.ts";
import type { TextFile } from "../node-file.ts";
import type { HarborEndpoint, NodeMirror } from "../node-mirrors.ts";

const name = "ansible";
const reload = "Reload CRI-O";

export function ansiblePlaybook(
  mirrors: readonly NodeMirror[],
  harbor: HarborEndpoint,
  caCertificate: string | undefined,
): string {
  const dropInDir = "/etc/containers/registries.conf.d";
  const certificate = caPath(harbor, "/etc/containers/certs.d");
  const play = {
    name: "Point CRI-O at the image cache",
    hosts: "{{ harbor_cache_hosts | default('k8s_cluster') }}",
    become: true,
    gather_facts: false,
    // One node, then ever more, and no further one after the first that fails.
    serial: [1, "25%"],
    max_fail_percentage: 0,
    tasks: [
      directory(dropInDir),
      // First what the drop-ins need, so that no reload comes between.
      ...(caCertificate === undefined
        ? []
        : [
            directory(posix.dirname(certificate)),
            copy({ path: certificate, content: caFile(caCertificate, poolHead(name)), mode: "0644" }),
          ]),
      ...crioDropIns(mirrors, { name, dropInDir, files: "per-registry", unqualifiedSearch: [] }).map(copy),
    ],
    handlers: [{ name: reload, "ansible.builtin.service": { name: "crio", state: "reloaded" } }],
  };
  return (
    "# Made by harbor-cache for ansible-playbook. Hosts: those of k8s_cluster, or -e harbor_cache_hosts=PATTERN.\n" +
    stringify([play], { lineWidth: 0 })
  );
}

function directory(path: string) {
  return {
    name: `Make ${path}`,
    "ansible.builtin.file": { path, state: "directory", mode: "0755" },
  };
}

function copy({ path, content, mode }: TextFile) {
  return {
    name: `Write ${path}`,
    "ansible.builtin.copy": { dest: path, content, mode, owner: "root", group: "root" },
    notify: reload,
  };
}
