/** A real Kubernetes API, for the tests of what the program makes in a cluster: its API server and etcd, no nodes. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT, pulumiHome } from "./engine.ts";
import { buildGoProgram } from "./go-module.ts";
import { ensureTestPrograms, findProgram } from "./test-programs.ts";

const VERSION = "1.36.1";
const PACKAGES = { etcd: "etcd-server" };

/** Absolute path; it is there after `ensureKubeApiserver`. */
export const kubeApiserver = () => join(pulumiHome(), "tools", `kube-apiserver-${VERSION}`, "kube-apiserver");

/** True where nothing would have to be built or installed. */
export async function kubeApiserverIsThere(): Promise<boolean> {
  return existsSync(kubeApiserver()) && (await findProgram("etcd")) !== undefined;
}

/** Brings what is missing: the API server is built for some minutes, once. */
export async function ensureKubeApiserver(say: (line: string) => void): Promise<void> {
  const missing = await ensureTestPrograms(say, PACKAGES);
  if (missing.length > 0) throw new Error(`missing for the tests with Kubernetes: ${missing.join(", ")}`);
  if (existsSync(kubeApiserver())) return;
  say(`building kube-apiserver ${VERSION} from its Go module: some minutes, once`);
  const [major, minor] = VERSION.split(".");
  await buildGoProgram({
    module: join(PROJECT_ROOT, "tools/kube-apiserver"),
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    // Kept at the link: what the API answers at /version.
    variables: {
      "k8s.io/component-base/version.gitMajor": String(major),
      "k8s.io/component-base/version.gitMinor": String(minor),
      "k8s.io/component-base/version.gitVersion": `v${VERSION}`,
    },
    output: kubeApiserver(),
  });
}
