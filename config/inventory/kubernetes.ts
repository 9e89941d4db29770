/** Nodes that a cluster itself knows, by its API. */
import { Agent, request } from "undici";
import * as z from "zod";
import { clusterAccess, type ClusterAccess } from "./cluster-access.ts";
import { InventoryError, type Found, type InventoryNode, type InventoryProblem } from "./inventory.ts";

export interface KubernetesSource {
  readonly kubeconfigFile?: string | undefined;
  readonly context?: string | undefined;
  readonly selector?: string | undefined;
  readonly addressType: "InternalIP" | "ExternalIP" | "Hostname";
}

const seconds = 30;
const tries = 3;
/** Nodes of one answer. */
const page = 500;

const nodeList = z.object({
  metadata: z.object({ continue: z.string().optional() }).default({}),
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
        nodeInfo: z.object({ containerRuntimeVersion: z.string().optional() }).default({}),
      }),
    }),
  ),
});

/** @throws InventoryError where the cluster doesn't answer */
export async function kubernetesNodes(source: KubernetesSource, folder: string): Promise<Found> {
  const access = await clusterAccess(source, folder);
  const agent = new Agent({ connect: { ...access.tls, timeout: seconds * 1000 } });
  try {
    const nodes: InventoryNode[] = [];
    const problems: InventoryProblem[] = [];
    let next: string | undefined;
    do {
      const { items, metadata } = await ask(access, agent, source.selector, next);
      for (const { metadata: of, status } of items) {
        const address = status.addresses.find(({ type }) => type === source.addressType)?.address;
        const at = `node ${of.name} of ${access.server}`;
        const runtime = status.nodeInfo.containerRuntimeVersion;
        if (address !== undefined)
          nodes.push({ name: of.name, address, ...(runtime !== undefined && { runtime }), at });
        else {
          const types = status.addresses.map(({ type }) => type).join(", ");
          problems.push({
            text: `${access.server} has nodes without ${source.addressType}, but with ${types === "" ? "no address at all" : types}`,
            node: of.name,
          });
        }
      }
      next = metadata.continue === "" ? undefined : metadata.continue;
    } while (next !== undefined);
    return { nodes, problems };
  } finally {
    await agent.close();
  }
}

async function ask(
  { server, token }: ClusterAccess,
  dispatcher: Agent,
  selector: string | undefined,
  next: string | undefined,
): Promise<z.output<typeof nodeList>> {
  const query = {
    limit: String(page),
    ...(selector !== undefined && { labelSelector: selector }),
    ...(next !== undefined && { continue: next }),
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { statusCode, body } = await request(`${server}/api/v1/nodes`, {
        dispatcher,
        query,
        headers: {
          accept: "application/json",
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        signal: AbortSignal.timeout(seconds * 1000),
      });
      const answer = await body.text();
      if (statusCode === 200) return read(server, answer);
      const reason = explained[statusCode] ?? messageOf(answer);
      const error = new InventoryError(`${server} answered ${statusCode} to a list of nodes${reason}`);
      if (attempt === tries || ![429, 502, 503, 504].includes(statusCode)) throw error;
    } catch (error) {
      if (error instanceof InventoryError) throw error;
      if (attempt === tries) throw new InventoryError(`${server} can't be reached: ${reasonOf(error)}`);
    }
    await new Promise((resume) => setTimeout(resume, 250 * 2 ** attempt));
  }
}

const explained: Readonly<Record<number, string>> = {
  401: ": it doesn't know the login of the kubeconfig's context",
  403: ": the kubeconfig's user may not list nodes: it needs the verb list on nodes",
};

function read(server: string, answer: string): z.output<typeof nodeList> {
  const { data } = nodeList.safeParse(jsonOf(answer));
  if (data === undefined) throw new InventoryError(`${server} answered with no list of nodes`);
  return data;
}

function messageOf(answer: string): string {
  const { data } = z.object({ message: z.string() }).safeParse(jsonOf(answer));
  return data === undefined ? "" : `: ${data.message.slice(0, 300)}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "the connection failed";
  if (error.name === "TimeoutError") return `no answer within ${seconds} s`;
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
