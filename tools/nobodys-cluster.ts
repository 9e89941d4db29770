/** A Kubernetes cluster that nobody answers for, so that a stack that wants one can be previewed anywhere. */
import { writeFile } from "node:fs/promises";

/** Writes a kubeconfig to it at `path`, with one context. */
export async function writeNobodysKubeconfig(path: string, context: string): Promise<void> {
  const kubeconfig = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": context },
    // Nothing listens on port 1.
    clusters: [{ name: "nobodys", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: context, context: { cluster: "nobodys", user: "nobody" } }],
  };
  // JSON is YAML.
  await writeFile(path, JSON.stringify(kubeconfig));
}
