/** The nodes of a stack's configuration. No secret is read unless a jump host asks for its key. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { listNodes, SettingsError } from "../../config/load.ts";
import type { ListedNode } from "../../config/load.ts";
import { Problem } from "../problem.ts";
import { askPulumi, root } from "../pulumi.ts";
import type { Host } from "./host.ts";
import type { NamedNode } from "./named-nodes.ts";

export interface StackConfiguration {
  readonly stack: string;
  /** Default: `Pulumi.<stack>.yaml`. */
  readonly file: string | undefined;
  /** Instead of the nodes of its pools; the rest of the settings is as for those. */
  readonly named: readonly NamedNode[] | undefined;
}

const key = "harbor-cache:nodes";
const mapping = z.record(z.string(), z.unknown());
const inFile = z.object({ config: z.object({ [key]: mapping.default({}) }) });
const fromPulumi = z.object({ [key]: z.object({ objectValue: mapping }) });
const onAws = z.object({ pools: z.array(z.object({ inventory: z.object({ aws: z.unknown() }) })) });

/**
 * Where they are, and what is pinned of them.
 * @throws Problem where the configuration can't be read, or has no nodes
 */
export async function configuredNodes(configuration: StackConfiguration): Promise<Host[]> {
  const read = await readNodes(configuration);
  const nodes = withoutSecrets(read);
  const listed = await list(nodes, configuration);
  const wantsSecrets = listed.some(({ jump }) => jump) && JSON.stringify(nodes) !== JSON.stringify(read);
  const complete = wantsSecrets ? await list(await withSecrets(configuration), configuration) : listed;
  if (complete.length > 0) return complete.map(hostOf);
  throw new Problem(
    `the configuration of the stack ${configuration.stack} has no nodes; --nodes names them by hand`,
  );
}

function hostOf({ name, address, port, hostKey, knownHosts, jump }: ListedNode): Host {
  const { privateKey } = jump ?? {};
  return {
    ...{ name, address, port },
    ...(hostKey !== undefined && { hostKey }),
    ...(knownHosts !== undefined && { knownHosts }),
    ...(jump && {
      jump: {
        ...{ address: jump.address, port: jump.port, user: jump.user },
        ...(jump.hostKey !== undefined && { hostKey: jump.hostKey }),
        ...(privateKey && {
          privateKey: () => new Promise<string>((resolve) => privateKey.apply(resolve)),
        }),
      },
    }),
  };
}

async function readNodes({ stack, file }: StackConfiguration): Promise<z.output<typeof mapping>> {
  // The organization and project in front of its name are the backend's.
  const path = file ?? join(root, `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`);
  try {
    return inFile.parse(parse(await readFile(path, "utf8"))).config[key];
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Problem(`the configuration of the stack ${stack} can't be read from ${path}: ${why}`);
  }
}

/** A value that Pulumi has encrypted is as if it were not there. */
function withoutSecrets(value: z.output<typeof mapping>): z.output<typeof mapping> {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && "secure" in inner ? undefined : inner,
  );
  return mapping.parse(JSON.parse(text));
}

async function withSecrets({ stack, file }: StackConfiguration): Promise<z.output<typeof mapping>> {
  const from = file === undefined ? [] : ["--config-file", file];
  const args = ["config", "--json", "--show-secrets", "--stack", stack, ...from];
  const printed = await askPulumi(`the configuration of the stack ${stack}, for the jump host's key`, args);
  try {
    return fromPulumi.parse(JSON.parse(printed))[key].objectValue;
  } catch {
    throw new Problem("pulumi config printed something else than the configuration");
  }
}

async function list(
  nodes: z.output<typeof mapping>,
  { named }: StackConfiguration,
): Promise<readonly ListedNode[]> {
  if (named === undefined && onAws.safeParse(nodes).success) {
    throw new Problem(
      "nodes of AWS can be asked for by a running program only; name them by hand, and the rest is taken from the " +
        "stack's settings: --nodes NAME=ADDRESS NAME=ADDRESS",
    );
  }
  const wanted = named === undefined ? nodes : { ...nodes, pools: [{ name: "named", nodes: named }] };
  try {
    return await listNodes({ [key]: JSON.stringify(wanted) }, root);
  } catch (error) {
    throw error instanceof SettingsError ? new Problem(error.message) : error;
  }
}
