import { delimiter } from "node:path";

/** Where kubeconfigs are looked for: what was given, else what KUBECONFIG names, else the home's. */
export function kubeconfigFiles(given: string | undefined, environment: NodeJS.ProcessEnv): string[] {
  if (given !== undefined) return [given];
  const ambient = (environment["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  return ambient.length > 0 ? ambient : ["~/.kube/config"];
}
