/**
 * What containerd would refuse or silently ignore in a `hosts.toml`, found without a node: a pull from that registry
 * then fails, or goes past the mirror. Source: core/remotes/docker/config/hosts.go of containerd.
 */
import { z } from "zod";
import { didYouMean } from "../inputs.ts";
import { parseToml } from "./toml-statements.ts";
import { UnusableFile } from "./unusable-file.ts";

const url = z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" });
const filesNames = z.union([z.string(), z.array(z.string())]);

const host = {
  capabilities: z.array(z.enum(["pull", "resolve", "push"])).optional(),
  ca: filesNames.optional(),
  client: z.union([filesNames, z.array(z.tuple([z.string(), z.string()]))]).optional(),
  skip_verify: z.boolean().optional(),
  header: z.record(z.string(), filesNames).optional(),
  override_path: z.boolean().optional(),
  dial_timeout: z
    .string()
    .regex(/^(?:\d+(?:\.\d+)?(?:ms|[smh]))+$/, "must be a duration such as 3s")
    .optional(),
};

const hostTable = z.strictObject(host);

const hostsToml = z.strictObject({
  ...host,
  server: url.optional(),
  host: z.record(url, hostTable).optional(),
});

/** One sentence each; empty when containerd would take the file as it is meant. */
export function hostsTomlProblems(content: string): string[] {
  let document;
  try {
    document = parseToml(content);
  } catch (error) {
    if (error instanceof UnusableFile) return [error.message];
    throw error;
  }
  const parsed = hostsToml.safeParse(document);
  if (parsed.success) return pathProblems(parsed.data);
  return parsed.error.issues.flatMap((issue) => {
    const where = issue.path.map((step) => `${String(step)}: `).join("");
    if (issue.code !== "unrecognized_keys") return [`${where}${issue.message}`];
    const known = Object.keys(issue.path.length > 0 ? hostTable.shape : hostsToml.shape);
    return issue.keys.map(
      (key) =>
        `${where}${key}: is no key that containerd knows; it ignores it silently.${didYouMean(key, known)}`,
    );
  });
}

/** containerd puts /v2 behind every path that doesn't end so: a mirror in a path of its own has to say override_path. */
function pathProblems({ host: hosts = {} }: z.infer<typeof hostsToml>): string[] {
  return Object.entries(hosts)
    .filter(([name, one]) => !/^(?:\/v2)?\/?$/.test(new URL(name).pathname) && one.override_path !== true)
    .map(([name]) => `host: ${name}: has a path of its own and needs override_path = true`);
}
