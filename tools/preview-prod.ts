/**
 * `make preview-prod`: what the first `pulumi up` of Pulumi.prod.yaml would make, on a machine without credentials of
 * AWS or a cluster. Nobody is asked and nothing is made: the plugin aws is a stand-in, the cluster is none, and the state
 * is a folder that goes again.
 */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ensureEngine, PROJECT_ROOT } from "./engine.ts";
import { writeNobodysKubeconfig } from "./nobodys-cluster.ts";
import { Stack } from "./stack.ts";

const say = (line: string): void => {
  console.log(line);
};

const { standIns, env, ...engine } = await ensureEngine(say);
say("preview of Pulumi.prod.yaml from nothing, by the real engine. Not the official parts, or not asked:");
for (const part of standIns) say(`    ${part}`);
say("    AWS: nobody is asked; ids of what is looked up there are made up");
say("    Kubernetes: nobody is asked");

const folder = await mkdtemp(join(tmpdir(), "preview-prod-"));
try {
  const configFile = join(folder, "Pulumi.prod.yaml");
  // A copy: the engine adds the stack's encryption salt to it.
  await copyFile(join(PROJECT_ROOT, "Pulumi.prod.yaml"), configFile);
  const kubeconfig = join(folder, "kubeconfig");
  await writeNobodysKubeconfig(kubeconfig, "production");
  const stack = new Stack({
    engine: { ...engine, standIns, env: withoutAws(env) },
    name: "prod",
    backend: join(folder, "state"),
    configFile,
    env: { KUBECONFIG: kubeconfig },
    onOutput: (text) => process.stdout.write(text),
  });
  await stack.init();
  const { code } = await stack.run("preview", "--suppress-progress", ...process.argv.slice(2));
  process.exitCode = code;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Whoever runs this: the same preview, and no account of theirs. */
function withoutAws(own: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(own).filter(([name]) => !name.startsWith("AWS_") && name !== "HARBOR_CACHE_LAB_AWS"),
  );
}
