/**
 * Stands in for the image tecnativa/docker-socket-proxy 0.4: the same program, haproxy, with rules that let through and
 * refuse the same by the same environment variables. Its rules: GET and HEAD only unless POST is set, a path only where
 * the variable of its first part is set, and everything else is refused with 403.
 */
import { findProgram } from "../../../tools/test-programs.ts";
import type { DockerEngine } from "../machine/docker-engine.ts";
import { makeProgramImage } from "../machine/program-image.ts";

/** First part of the path by the variable that lets it through, with the variable's default. */
const PARTS: Readonly<Record<string, { readonly path: string; readonly on?: true }>> = {
  AUTH: { path: "auth" },
  BUILD: { path: "build" },
  COMMIT: { path: "commit" },
  CONFIGS: { path: "configs" },
  CONTAINERS: { path: "containers" },
  DISTRIBUTION: { path: "distribution" },
  EVENTS: { path: "events", on: true },
  EXEC: { path: "exec" },
  IMAGES: { path: "images" },
  INFO: { path: "info" },
  NETWORKS: { path: "networks" },
  NODES: { path: "nodes" },
  PING: { path: "_ping", on: true },
  PLUGINS: { path: "plugins" },
  SECRETS: { path: "secrets" },
  SERVICES: { path: "services" },
  SESSION: { path: "session" },
  SWARM: { path: "swarm" },
  SYSTEM: { path: "system" },
  TASKS: { path: "tasks" },
  VERSION: { path: "version", on: true },
  VOLUMES: { path: "volumes" },
};

export async function makeSocketProxyImage(engine: DockerEngine, tag: string): Promise<void> {
  const [haproxy, busybox] = [await findProgram("haproxy"), await findProgram("busybox")];
  if (haproxy === undefined || busybox === undefined) throw new Error("haproxy or busybox is missing");
  const defaults = Object.entries(PARTS).map(([variable, { on }]) => `${variable}=${on === true ? 1 : 0}`);
  await makeProgramImage(engine, tag, {
    programs: { "/usr/local/sbin/haproxy": haproxy, "/bin/busybox": busybox },
    files: { "/haproxy.cfg": renderRules() },
    // As in Alpine, which the real one is made from.
    links: { "/usr/bin/wget": "/bin/busybox", "/bin/sh": "/bin/busybox", "/var/run": "../run" },
    changes: [
      `ENV POST=0 LOG_LEVEL=info ${defaults.join(" ")}`,
      "EXPOSE 2375",
      'ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/haproxy.cfg"]',
    ],
  });
}

function renderRules(): string {
  return [
    "global",
    '  log stdout format raw daemon "${LOG_LEVEL}"',
    "  pidfile /run/haproxy.pid",
    "defaults",
    "  mode http",
    "  log global",
    "  option httplog",
    "  timeout connect 10s",
    "  timeout client 10m",
    "  timeout server 10m",
    "frontend docker",
    "  bind :2375",
    "  http-request deny unless METH_GET or { env(POST) -m bool }",
    ...Object.entries(PARTS).map(
      ([variable, { path }]) =>
        `  http-request allow if { path,url_dec -m reg -i ^(/v[\\d\\.]+)?/${path} } { env(${variable}) -m bool }`,
    ),
    "  http-request deny",
    "  default_backend engine",
    "backend engine",
    "  timeout server 0",
    "  server socket unix@/var/run/docker.sock",
    "",
  ].join("\n");
}
