/** Reads kubeconfig files as client-go does, as far as the stand-in goes: who asks, whom, and how both are proven. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

import { parseDocument } from "yaml";
import { z } from "zod";

const listOf = <T extends z.ZodType>(entry: T) =>
  z
    .array(entry)
    .nullish()
    .transform((list) => list ?? []);

const clusterSchema = z.object({
  server: z.string().default(""),
  "certificate-authority": z.string().optional(),
  "certificate-authority-data": z.string().optional(),
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": z.string().optional(),
  "proxy-url": z.string().optional(),
});

const contextSchema = z.object({
  cluster: z.string().default(""),
  user: z.string().default(""),
  namespace: z.string().optional(),
});

const userSchema = z.object({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  "client-certificate": z.string().optional(),
  "client-certificate-data": z.string().optional(),
  "client-key": z.string().optional(),
  "client-key-data": z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  exec: z.unknown().optional(),
  "auth-provider": z.unknown().optional(),
});

const kubeconfigSchema = z.object({
  "current-context": z.string().default(""),
  clusters: listOf(z.object({ name: z.string(), cluster: clusterSchema })),
  contexts: listOf(z.object({ name: z.string(), context: contextSchema })),
  users: listOf(z.object({ name: z.string(), user: userSchema })),
});

type Kubeconfig = z.infer<typeof kubeconfigSchema>;
export type ClusterEntry = z.infer<typeof clusterSchema>;

/** What the provider's configuration puts before the file's own. */
export interface Overrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface Access {
  /** `https://host:port`, maybe with a path, no slash at its end. */
  readonly server: string;
  /** Where things go that name no namespace. */
  readonly namespace: string;
  readonly authorization: string | undefined;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
}

/** Of a kubeconfig's contents or path; without one, as client-go finds it. An error says what is wrong with it. */
export function readAccess(pathOrContents: string | undefined, overrides: Overrides): Access {
  const config = pathOrContents === undefined ? ambient() : readKubeconfig(pathOrContents);
  const name = chosen(overrides.context, config["current-context"]);
  const context = named(config.contexts, name)?.context;
  if (name !== "" && context === undefined) throw new Error(`context ${JSON.stringify(name)} does not exist`);
  const cluster = activeCluster(config, overrides);
  if (cluster === undefined || cluster.server === "")
    throw new Error("invalid configuration: no server found for the cluster of the kubeconfig's context");
  refuse("proxy-url", cluster["proxy-url"]);
  const user = named(config.users, context?.user ?? "")?.user ?? {};
  refuse("exec", user.exec);
  refuse("auth-provider", user["auth-provider"]);
  const ca = dataOrFile(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const cert = dataOrFile(user["client-certificate-data"], user["client-certificate"]);
  const key = dataOrFile(user["client-key-data"], user["client-key"]);
  const servername = cluster["tls-server-name"];
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: chosen(overrides.namespace, context?.namespace, "default"),
    authorization: authorization(user),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      rejectUnauthorized: cluster["insecure-skip-tls-verify"] !== true,
    },
  };
}

/** The cluster that would be talked to; undefined where the kubeconfig doesn't say. */
export function findCluster(pathOrContents: string, overrides: Overrides): ClusterEntry | undefined {
  return activeCluster(readKubeconfig(pathOrContents), overrides);
}

function activeCluster(config: Kubeconfig, { context, cluster }: Overrides): ClusterEntry | undefined {
  const active = named(config.contexts, chosen(context, config["current-context"]))?.context;
  return named(config.clusters, chosen(cluster, active?.cluster))?.cluster;
}

function readKubeconfig(pathOrContents: string): Kubeconfig {
  const path = pathOrContents.replace(/^~(?=\/)/, homedir());
  // Contents are too long for a path, or hold line breaks: then there is no such file.
  const isFile = path.length < 4096 && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const document = parseDocument(isFile ? readFileSync(path, "utf8") : pathOrContents);
  // The parser's own words would quote the contents.
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new Error(`couldn't parse the kubeconfig: no YAML at line ${broken.linePos?.[0].line ?? 1}`);
  const parsed = kubeconfigSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw new Error(`couldn't parse the kubeconfig: ${z.prettifyError(parsed.error)}`);
}

/** Those of KUBECONFIG that are there, joined: of what has the same name, the first counts. */
function ambient(): Kubeconfig {
  const named = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean);
  const paths = named.length > 0 ? named : [join(homedir(), ".kube/config")];
  const found = paths.filter((path) => existsSync(path)).map((path) => readKubeconfig(path));
  if (found.length === 0) throw new Error("invalid configuration: no configuration has been provided");
  return {
    "current-context": chosen(...found.map((config) => config["current-context"])),
    clusters: found.flatMap(({ clusters }) => clusters),
    contexts: found.flatMap(({ contexts }) => contexts),
    users: found.flatMap(({ users }) => users),
  };
}

function authorization({ token, tokenFile, username, password }: z.infer<typeof userSchema>) {
  const bearer = token ?? (tokenFile === undefined ? undefined : readFileSync(tokenFile, "utf8").trim());
  if (bearer !== undefined) return `Bearer ${bearer}`;
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
}

const dataOrFile = (data: string | undefined, file: string | undefined): string | undefined =>
  data !== undefined
    ? Buffer.from(data, "base64").toString("utf8")
    : file !== undefined
      ? readFileSync(file, "utf8")
      : undefined;

const named = <T extends { readonly name: string }>(list: readonly T[], wanted: string): T | undefined =>
  list.find(({ name }) => name === wanted);

/** The first that is set and not empty. */
const chosen = (...values: readonly (string | undefined)[]): string => values.find(Boolean) ?? "";

function refuse(name: string, value: unknown): void {
  if (value !== undefined)
    throw new Error(`the stand-in for the plugin kubernetes can't do ${name} of a kubeconfig`);
}
