/** Who asks which cluster, by a kubeconfig, as kubectl reads it. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { execCredential, execPlugin } from "./exec-credential.ts";
import { InventoryError } from "./inventory.ts";
import { kubeconfigFiles } from "./kubeconfig-files.ts";
import { pathOf, readLocal } from "./local-file.ts";

const text = z.string().optional();

/** Paths inside are seen from the file's folder. */
const cluster = z.object({
  server: z.string().default(""),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().optional(),
  "tls-server-name": text,
  "proxy-url": text,
});

const user = z.object({
  token: text,
  tokenFile: text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  exec: execPlugin.optional(),
  "auth-provider": z.unknown().optional(),
});

const list = <S extends z.ZodType>(entry: S) =>
  z
    .array(entry)
    .nullish()
    .transform((entries) => entries ?? []);

const form = z.object({
  "current-context": z.string().nullish(),
  contexts: list(
    z.object({
      name: z.string(),
      context: z.object({ cluster: z.string(), user: z.string().default("") }),
    }),
  ),
  clusters: list(z.object({ name: z.string(), cluster })),
  users: list(z.object({ name: z.string(), user: user.nullish() })),
});

export interface ClusterAccess {
  /** `https://HOST:PORT`, maybe with a path, no slash at its end. */
  readonly server: string;
  readonly token?: string;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
}

/** @throws InventoryError that says what is missing; nothing of the kubeconfig's secrets is in it */
export async function clusterAccess(
  source: { readonly kubeconfigFile?: string | undefined; readonly context?: string | undefined },
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ClusterAccess> {
  const names = kubeconfigFiles(source.kubeconfigFile, environment);
  const there = names.filter((file) => existsSync(pathOf(file, folder)));
  if (there.length === 0) {
    throw new InventoryError(`there is no kubeconfig ${names.join(" or ")}; for example: kubeconfigFile`);
  }
  const files = await Promise.all(there.map((file) => kubeconfig(file, folder)));
  const where = there.join(" and ");
  const wanted =
    source.context ?? files.map((file) => file["current-context"] ?? "").find((name) => name !== "");
  if (wanted === undefined) throw new InventoryError(`${where} has no current-context: give context`);
  const context = named(files, ({ contexts }) => contexts, wanted)?.context;
  if (context === undefined) throw new InventoryError(`${where} has no context ${wanted}`);
  const target = named(files, ({ clusters }) => clusters, context.cluster);
  if (target === undefined || target.cluster.server === "") {
    throw new InventoryError(`${where} has no server for its context ${wanted}`);
  }
  const login = named(files, ({ users }) => users, context.user);
  const { cluster: to, home } = target;
  const who = login?.user ?? {};
  if (to["proxy-url"] !== undefined) throw new InventoryError(`${where}: proxy-url is not followed here`);
  if (who["auth-provider"] !== undefined) {
    throw new InventoryError(`${where}: auth-provider is gone from Kubernetes since 1.26; for example: exec`);
  }
  const run = who.exec && (await execCredential(who.exec, login?.home ?? folder, environment));
  const read = async (data: string | undefined, file: string | undefined, at: string) =>
    data === undefined
      ? file && (await readLocal(resolve(at, file), at))
      : Buffer.from(data, "base64").toString("utf8");
  const ca = await read(to["certificate-authority-data"], to["certificate-authority"], home);
  const userHome = login?.home ?? home;
  const cert = run?.cert ?? (await read(who["client-certificate-data"], who["client-certificate"], userHome));
  const key = run?.key ?? (await read(who["client-key-data"], who["client-key"], userHome));
  const fromFile = who.tokenFile && (await readLocal(resolve(userHome, who.tokenFile), userHome));
  const token = (run?.token ?? who.token ?? fromFile)?.trim();
  // No header takes it, and undici never answers to what is asked after such a one.
  if (token !== undefined && /[^\x21-\x7e]/.test(token)) {
    throw new InventoryError(`${where}: the token of its context ${wanted} is more than one word`);
  }
  return {
    server: to.server.replace(/\/+$/, ""),
    ...(token !== undefined && token !== "" && { token }),
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(to["tls-server-name"] !== undefined && { servername: to["tls-server-name"] }),
      rejectUnauthorized: to["insecure-skip-tls-verify"] !== true,
    },
  };
}

type Kubeconfig = z.output<typeof form> & { readonly home: string };

async function kubeconfig(file: string, folder: string): Promise<Kubeconfig> {
  const contents = await readLocal(file, folder);
  let parsed: unknown;
  try {
    parsed = parse(contents, { logLevel: "error" });
  } catch {
    parsed = undefined;
  }
  const { data } = form.safeParse(parsed);
  if (data === undefined) throw new InventoryError(`${file} is not a kubeconfig`);
  return { ...data, home: dirname(pathOf(file, folder)) };
}

/** Of several of one name the first is taken, as kubectl does; with the folder that its paths are seen from. */
function named<T extends { readonly name: string }>(
  files: readonly Kubeconfig[],
  of: (file: Kubeconfig) => readonly T[],
  wanted: string,
): (T & { readonly home: string }) | undefined {
  return files
    .flatMap((file) => of(file).map((entry) => ({ ...entry, home: file.home })))
    .find(({ name }) => name === wanted);
}
