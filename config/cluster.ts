/** Where dex's cluster is, before anything is made: without a way to it, a stack can't make the client of its login. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { kubeconfigFiles } from "./inventory/kubeconfig-files.ts";
import { pathOf } from "./inventory/local-file.ts";
import type { Problem } from "./problems.ts";
import { kubeconfigProblem } from "./schema/kubeconfig.ts";
import type { LoginSettings } from "./settings.ts";

const path = "harbor-cache:login.client";
const remedy =
  "give kubeconfigFile or kubeconfig, or let somebody with access to it make the client and name it by mode existing " +
  "(docs/runbooks/login.md)";

/** Why the program that runs can't make the client; undefined where it can, as far as its own computer tells. */
export function clusterProblem(
  login: LoginSettings | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Problem | undefined {
  const client = login?.client;
  // Contents were checked with the other settings.
  if (client === undefined || client.mode === "existing" || "kubeconfig" in client) return undefined;
  const { kubeconfigFile, context } = client;
  const home = environment["HOME"] ?? homedir();
  const files = kubeconfigFiles(kubeconfigFile, environment).map((file) => pathOf(file, "/", home));
  const [file, ...others] = files.filter((name) => existsSync(name));
  if (file !== undefined) {
    // Several are joined: what is missing in one may be in another.
    const problem = others.length > 0 ? undefined : kubeconfigProblem(readFileSync(file, "utf8"), context);
    return problem === undefined ? undefined : { path, message: `finds that ${file} ${problem}` };
  }
  const isDefault = kubeconfigFile === undefined && (environment["KUBECONFIG"] ?? "") === "";
  if (isDefault && isInCluster(environment)) return undefined;
  const where = isDefault ? "no kubeconfig: KUBECONFIG is not set, and there is no" : "no file";
  return {
    path,
    message: `makes dex's client in its cluster, but finds ${where} ${files.join(" or ")}; ${remedy}`,
  };
}

/** A pod is given its cluster's API, which client-go takes where there is no kubeconfig. */
function isInCluster(environment: NodeJS.ProcessEnv): boolean {
  return (
    (environment["KUBERNETES_SERVICE_HOST"] ?? "") !== "" &&
    existsSync(join("/var/run/secrets/kubernetes.io/serviceaccount", "token"))
  );
}
