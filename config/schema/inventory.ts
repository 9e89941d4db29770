/** Where a pool's nodes come from, if they aren't listed. */
import { tags } from "./aws.ts";
import { address } from "./network.ts";
import { choice, flag, line, mapping, text } from "./value.ts";

/** A file where Pulumi runs: absolute, from the project's folder, or from the home by `~/`. */
export const localFile = (example: string) => line(example, 4096);

export const knownHosts = localFile("~/.ssh/known_hosts")
  .exactOptional()
  .describe("File in OpenSSH's form with the keys of nodes that have no hostKey. Default: none.");

const group = text("kube_node", (value) =>
  /^[\w.-]+$/.test(value) ? undefined : "must be the name of one group: patterns are not taken",
);

const ansible = mapping("{ file: inventory/hosts.ini, group: kube_node }", {
  file: localFile("inventory/hosts.ini").describe(
    "Inventory in INI, or in YAML where it ends with .yaml, .yml or .json.",
  ),
  group: group.describe("Group whose hosts are the pool's nodes, those of its children included."),
  except: group.exactOptional().describe("Group whose hosts are left out. Default: none."),
});

const kubernetes = mapping("{ context: production, selector: node-role.kubernetes.io/worker= }", {
  kubeconfigFile: localFile("~/.kube/config")
    .exactOptional()
    .describe("A kubeconfig. Default: those that KUBECONFIG names, else ~/.kube/config."),
  context: line("production").exactOptional().describe("One of its contexts. Default: its current-context."),
  selector: line("node-role.kubernetes.io/worker=", 4096)
    .exactOptional()
    .describe("Labels of the nodes, as for kubectl get nodes -l. Default: all nodes."),
  addressType: choice(["InternalIP", "ExternalIP", "Hostname"])
    .default("InternalIP")
    .describe("The address that SSH goes to: InternalIP (default), ExternalIP or Hostname."),
});

const aws = mapping("{ tags: { Role: worker } }", {
  tags: tags
    .refine((given) => Object.keys(given).length > 0, {
      error: "must have a tag, else each instance would be a node; for example: { Role: worker }",
    })
    .describe("Tags of the running instances, all of which each has."),
  region: text("eu-west-1", (value) =>
    /^[a-z]{2}(?:-[a-z]+)+-\d$/.test(value) ? undefined : "is not a region of AWS's",
  )
    .exactOptional()
    .describe("Default: the AWS provider's."),
  address: choice(["private", "public"])
    .default("private")
    .describe("The address that SSH goes to: private (default) or public."),
});

const sources = ["ansible", "kubernetes", "aws"] as const;

export const inventory = mapping("{ ansible: { file: inventory/hosts.ini, group: kube_node } }", {
  ansible: ansible.exactOptional().describe("Hosts of an Ansible inventory."),
  kubernetes: kubernetes.exactOptional().describe("Nodes that the cluster itself knows."),
  aws: aws.exactOptional().describe("Running instances of EC2, named by their ids."),
  allowEmpty: flag()
    .default(false)
    .describe("Take it where no node is found, and clean those up that were there before. Default false."),
}).refine((given) => sources.filter((source) => given[source] !== undefined).length === 1, {
  error:
    "must have one of ansible, kubernetes and aws; for example: { ansible: { file: inventory/hosts.ini, group: kube_node } }",
});

/** What one node has of its own, beside the way to it. */
export const overridden = {
  address: address.exactOptional(),
  skip: flag()
    .default(false)
    .describe("Leave the node out; what was written to it before is taken away. Default false."),
};
