/** What stands before Harbor and ends TLS: Traefik, and the proxy that keeps it from Docker's raw socket. */
import { flag, integer, mapping, text } from "./value.ts";

/** A reference with a tag or a digest: `latest` would change by itself. */
const image = (example: string) =>
  text(example, (value) =>
    /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._-]+)+(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/.test(value) &&
    /(:[^:/@]+|@sha256:[0-9a-f]{64})$/.test(value) &&
    !value.endsWith(":latest")
      ? undefined
      : "must be an image with its registry, and a tag other than latest or a digest",
  );

/** Versions without the flag that keeps queries out of the log, with which they would not start; 3.6 got it in 3.6.19 only. */
const tooOld = /:v?([12]\.|3\.[0-6]\.|3\.7\.[0-2](\D|$))/;

const traefik = "docker.io/library/traefik:v3.7.10";
const socketProxy = "docker.io/tecnativa/docker-socket-proxy:v0.4.2";

export const edge = mapping("{ accessLog: true }", {
  traefikImage: image(traefik)
    .refine((value) => !tooOld.test(value), {
      error: `is too old, Traefik 3.7.3 or newer is needed; for example: ${traefik}`,
    })
    .default(traefik)
    .describe(`Traefik 3.7.3 or newer, default ${traefik}. Its digest is pinned at the first up.`),
  socketProxyImage: image(socketProxy)
    .default(socketProxy)
    .describe(`Default ${socketProxy}. Its digest is pinned at the first up.`),
  accessLog: flag()
    .default(true)
    .describe("Log requests, without queries and headers that hold secrets. Default true."),
  hstsSeconds: integer(0, 63_072_000, "31536000")
    .default(31_536_000)
    .describe("How long browsers insist on HTTPS, 0: not at all. Default 31536000, a year."),
});

export const gitops = mapping("{ folder: rendered/prod }", {
  folder: text("rendered/prod", (value) =>
    /^(?!.*(^|\/)\.\.(\/|$))[^/\0][^\0]*$/.test(value) && !value.endsWith("/")
      ? undefined
      : "must be a folder below the project's, without .. in it",
  )
    .exactOptional()
    .describe("Where the rendered files are written, without secrets. Default: nowhere."),
});
