/** A kubeconfig: how a cluster's API is reached. */
import { parse } from "yaml";
import * as z from "zod";
import { text } from "./value.ts";

const named = z.object({ name: z.string() });
const form = z.object({
  contexts: z.array(named).min(1),
  clusters: z.array(named).min(1),
  "current-context": z.string().default(""),
});

/** What is wrong with a kubeconfig's text; nothing of it is in the answer. */
export function kubeconfigProblem(contents: string, context?: string): string | undefined {
  const { data } = form.safeParse(yamlOf(contents));
  if (data === undefined) return "is not a kubeconfig: its contexts and clusters are wanted";
  const wanted = context ?? data["current-context"];
  if (wanted === "") return "has no current-context: give context";
  if (data.contexts.some(({ name }) => name === wanted)) return undefined;
  return context === undefined ? "has no context of its current-context's name" : `has no context ${context}`;
}

function yamlOf(contents: string): unknown {
  try {
    return parse(contents);
  } catch {
    return undefined;
  }
}

/** As text: who reads it makes it a secret, once it was compared with the context. */
export const kubeconfig = text(
  "pulumi config set --secret --path 'harbor-cache:login.client.kubeconfig' < ~/.kube/config",
  (value) => (value === "" ? "is empty" : undefined),
)
  .meta({ writeOnly: true })
  .describe("A kubeconfig's contents, encrypted. Default: kubeconfigFile.");
