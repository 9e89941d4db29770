/** A playbook that does once what a pool does at each `up`: our drop-ins for CRI-O, then its reload. */
import { stringify } from "yaml";
import type { RegistrySettings } from "../../../config/settings.ts";
import { crioCaFile, crioCaPath, crioDropIn } from "../crio-drop-in.ts";
import type { HarborEndpoint, NodeFile } from "../crio-drop-in.ts";

const pool = "ansible";
const reload = "Reload CRI-O";

export function ansiblePlaybook(
  registries: readonly RegistrySettings[],
  harbor: HarborEndpoint,
  caCertificate: string | undefined,
): string {
  const dropInDir = "/etc/containers/registries.conf.d";
  const caPath = crioCaPath(harbor, "/etc/containers/certs.d");
  const caDirectory = caPath.slice(0, caPath.lastIndexOf("/"));
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
            directory(caDirectory),
            copy({ path: caPath, content: crioCaFile(caCertificate, pool), mode: "0644" }),
          ]),
      ...registries.map((registry) => copy(crioDropIn(registry, harbor, { dropInDir, pool }))),
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

function copy({ path, content, mode }: NodeFile) {
  return {
    name: `Write ${path}`,
    "ansible.builtin.copy": { dest: path, content, mode, owner: "root", group: "root" },
    notify: reload,
  };
}
