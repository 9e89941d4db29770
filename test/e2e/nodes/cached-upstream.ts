/** An upstream on loopback and the Harbor stand-in before it: project `open` caches it for all, `closed` for a robot. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { loginOf } from "../../../components/nodes/login.ts";
import type { Login } from "../../../components/nodes/login.ts";
import type { HarborEndpoint } from "../../../components/nodes/node-mirrors.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { readAll, send } from "../../../lab/upstream/http-client.ts";
import { makeImage, pushImage } from "../../../lab/upstream/image.ts";
import { basic } from "../../../lab/upstream/registry-client.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";

const ADMIN = { username: "admin", password: "Harbor12345" };

export interface CachedUpstream {
  /** `127.0.0.1:PORT` */
  readonly upstreamHost: string;
  readonly harbor: HarborEndpoint;
  /** May pull from `closed`. */
  readonly login: Login;
  /** `HEAD /v2/open/library/image/manifests/1 200`, in the order of Harbor's access log. */
  asked(): Promise<string[]>;
  /** The same of the upstream, but what Harbor asks. */
  askedUpstream(): string[];
  /** Harbor answers no more. */
  stopHarbor(): Promise<void>;
  close(): Promise<void>;
}

/** The upstream holds `library/image:1`. */
export async function startCachedUpstream(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<CachedUpstream> {
  const folder = await mkdtemp(join(tmpdir(), "cached-upstream-"));
  const upstream = await startUpstream();
  const accessLog = join(folder, "proxy.log");
  let harbor: Harbor | undefined = await startHarbor({
    adminPassword: ADMIN.password,
    dataDir: join(folder, "harbor"),
    accessLog,
    ...(tls && { tls }),
  });
  const stopHarbor = async (): Promise<void> => {
    await harbor?.close();
    harbor = undefined;
  };
  const { url } = harbor;
  await pushImage(upstream.url, "library/image", "1", makeImage("image"));
  const api = async (path: string, body: unknown): Promise<unknown> => {
    const outgoing = {
      method: "POST",
      headers: { authorization: basic(ADMIN), "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    const answer = await send(new URL(`${url}/api/v2.0${path}`), outgoing, tls && { ca: tls.cert });
    const text = (await readAll(answer.body)).toString();
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  await api("/registries", { name: "up", type: "docker-registry", url: upstream.url });
  await api("/projects", { project_name: "open", registry_id: 1, metadata: { public: "true" } });
  await api("/projects", { project_name: "closed", registry_id: 1, metadata: { public: "false" } });
  const robot = z.object({ name: z.string(), secret: z.string() }).parse(
    await api("/robots", {
      name: "pull",
      level: "system",
      duration: -1,
      permissions: [
        { kind: "project", namespace: "closed", access: [{ resource: "repository", action: "pull" }] },
      ],
    }),
  );
  return {
    upstreamHost: new URL(upstream.url).host,
    harbor: { scheme: tls === undefined ? "http" : "https", registry: new URL(url).host },
    login: loginOf(robot.name, robot.secret),
    asked: async () =>
      (await readFile(accessLog, "utf8"))
        .split("\n")
        .flatMap((line) => /"([A-Z]+) (\/v2\/[^ ?"]*)[^"]*" (\d{3})/.exec(line)?.slice(1, 4).join(" ") ?? []),
    askedUpstream: () =>
      upstream.requests
        .filter(({ userAgent }) => /containers|skopeo|podman|containerd/i.test(userAgent))
        .map(({ method, path, status }) => `${method} ${path} ${status}`),
    stopHarbor,
    close: async () => {
      await stopHarbor();
      await upstream.close();
      await rm(folder, { recursive: true });
    },
  };
}
