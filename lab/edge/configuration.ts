/** What the lab's stand-in for Traefik is told: flags, labels and tls.yml, as strictly as Traefik reads them. */
import { parse } from "yaml";
import { z } from "zod";

/** A problem in Traefik's words. */
export class EdgeError extends Error {}

const FLAGS = [
  /^global\.(checknewversion|sendanonymoususage)$/,
  /^log\.(level|nocolor|format)$/,
  /^ping(\.entrypoint)?$/,
  /^providers\.docker(\.(endpoint|exposedbydefault|network))?$/,
  /^providers\.file\.(filename|watch)$/,
  /^entrypoints\.[a-z]+\.address$/,
  /^entrypoints\.[a-z]+\.http\.redirections\.entrypoint\.(to|scheme|permanent)$/,
  /^entrypoints\.[a-z]+\.transport\.respondingtimeouts\.(readtimeout|writetimeout|idletimeout)$/,
  /^entrypoints\.[a-z]+\.http\.encodedcharacters\.allowencoded(slash|percent)$/,
  /^accesslog(\.(format|fields\.headers\.defaultmode|fields\.headers\.names\.[a-z-]+|fields\.queryparameters\.defaultmode))?$/,
  /^certificatesresolvers\.[a-z]+\.acme\.(email|storage|keytype|caserver|cacertificates|casystemcertpool)$/,
  /^certificatesresolvers\.[a-z]+\.acme\.dnschallenge\.(provider|resolvers)$/,
];

/** Flags by name in lower case, as Traefik doesn't mind capital letters. */
export function readFlags(command: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    command.map((flag) => {
      const [, name = "", value = "true"] = /^--([^=]+)(?:=(.*))?$/s.exec(flag) ?? [];
      const node = name.toLowerCase();
      if (!FLAGS.some((known) => known.test(node))) {
        throw new EdgeError(`failed to decode configuration from flags: field not found, node: ${flag}`);
      }
      return [node, value];
    }),
  );
}

export interface Router {
  readonly hostname: string;
  readonly middlewares: readonly string[];
  /** Undefined: the certificate of tls.yml. */
  readonly resolver: string | undefined;
  /** Port of the container. */
  readonly port: number;
}

/** The one router that a container's labels make; undefined where they make none. */
export function readLabels(labels: Readonly<Record<string, string>>): Router | undefined {
  if (labels["traefik.enable"] !== "true") return undefined;
  const known = z.strictObject({
    "traefik.enable": z.literal("true"),
    "traefik.http.routers.harbor.rule": z.string().regex(/^Host\(`[^`]+`\)$/),
    "traefik.http.routers.harbor.entrypoints": z.literal("websecure"),
    "traefik.http.routers.harbor.tls": z.literal("true").optional(),
    "traefik.http.routers.harbor.tls.certresolver": z.string().optional(),
    "traefik.http.routers.harbor.middlewares": z.string().optional(),
    "traefik.http.services.harbor.loadbalancer.server.port": z.string().regex(/^\d+$/),
  });
  const read = known.safeParse(labels);
  if (!read.success) throw new EdgeError(`stand-in: labels of proxy: ${z.prettifyError(read.error)}`);
  const { data } = read;
  const resolver = data["traefik.http.routers.harbor.tls.certresolver"];
  if (data["traefik.http.routers.harbor.tls"] === undefined && resolver === undefined) {
    throw new EdgeError("stand-in: the router harbor has no TLS, and its entry point is for TLS");
  }
  return {
    hostname: data["traefik.http.routers.harbor.rule"].slice("Host(`".length, -"`)".length),
    middlewares: (data["traefik.http.routers.harbor.middlewares"] ?? "").split(",").filter(Boolean),
    resolver,
    port: Number(data["traefik.http.services.harbor.loadbalancer.server.port"]),
  };
}

const certificate = z.strictObject({ certFile: z.string(), keyFile: z.string() });
const tlsYml = z.strictObject({
  tls: z.strictObject({
    options: z.strictObject({
      default: z.strictObject({ minVersion: z.enum(["VersionTLS12", "VersionTLS13"]) }),
    }),
    stores: z.strictObject({ default: z.strictObject({ defaultCertificate: certificate }) }).optional(),
  }),
  http: z
    .strictObject({
      middlewares: z.record(
        z.string(),
        z.strictObject({ headers: z.strictObject({ stsSeconds: z.int().positive() }) }),
      ),
    })
    .optional(),
});

export type TlsYml = z.infer<typeof tlsYml>;

export function readTlsYml(text: string): TlsYml {
  const read = tlsYml.safeParse(parse(text));
  if (!read.success) throw new EdgeError(`field not found in tls.yml: ${z.prettifyError(read.error)}`);
  return read.data;
}
