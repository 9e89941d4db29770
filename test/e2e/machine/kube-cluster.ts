/** A real API server of Kubernetes with a real etcd, on loopback: objects, rights and custom resources, but no nodes. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Agent, request } from "undici";

import { freePort } from "../../../lab/free-port.ts";
import { kubeApiserver } from "../../../tools/kube-apiserver.ts";
import { startServer } from "./processes.ts";
import type { Server } from "./processes.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface KubeCluster {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM; the API server makes its own. */
  readonly caCertificate: string;
  /** May do everything. */
  readonly token: string;
  /** Of the user `restricted`, who may see which kinds there are and nothing more; grant it what a test needs. */
  readonly restrictedToken: string;
  /** Text of a kubeconfig with the contexts `admin`, the current one, and `restricted`; `url`: another server in it. */
  kubeconfig(options?: { readonly url?: string }): string;
  /** One request as admin, JSON. A PATCH is a merge patch. */
  ask(method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: object): Promise<Answer>;
  close(): Promise<void>;
}

/** In an empty folder, which is the caller's to remove. Takes some seconds. */
export async function startCluster(folder: string): Promise<KubeCluster> {
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const [token, restrictedToken] = [secret(), secret()];
  const file = (name: string) => join(folder, name);
  await mkdir(file("certificates"), { recursive: true });
  const tokens = [`${token},admin,admin,system:masters`, `${restrictedToken},restricted,restricted`];
  await writeFile(file("tokens.csv"), `${tokens.join("\n")}\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(file("accounts.key"), privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });

  const url = `https://127.0.0.1:${port}`;
  let agent: Agent | undefined;
  const servers: Server[] = [];
  const close = async () => {
    await agent?.destroy();
    for (const server of servers.toReversed()) await server.stop("SIGTERM", 2000);
  };
  try {
    const etcd = `http://127.0.0.1:${etcdPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    servers.push(
      await startServer(
        "etcd",
        [
          ...["--data-dir", file("etcd"), "--unsafe-no-fsync"],
          ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd],
          ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
          ...["--initial-cluster", `default=${peer}`],
        ],
        { ready: (said) => said.includes("ready to serve client requests") },
      ),
    );
    const certificate = file("certificates/apiserver.crt");
    servers.push(
      await startServer(
        kubeApiserver(),
        [
          `--etcd-servers=${etcd}`,
          ...["--bind-address=127.0.0.1", `--secure-port=${port}`, "--endpoint-reconciler-type=none"],
          ...[`--cert-dir=${file("certificates")}`, `--token-auth-file=${file("tokens.csv")}`],
          ...["--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24"],
          ...[
            `--service-account-key-file=${file("accounts.key")}`,
            "--service-account-issuer=https://cluster",
          ],
          `--service-account-signing-key-file=${file("accounts.key")}`,
          // Its controllers, which would make the accounts, are not there.
          "--disable-admission-plugins=ServiceAccount",
        ],
        {
          timeout: 120,
          ready: async () => {
            // What it wrote a moment ago may not be whole.
            const ca = await readFile(certificate, "utf8").catch(() => "");
            const tried = new Agent({ connect: { ca } });
            const ok = ca !== "" && (await statusOf(`${url}/readyz`, tried)) === 200;
            if (ok) agent = tried;
            else await tried.destroy();
            return ok;
          },
        },
      ),
    );
    const caCertificate = await readFile(certificate, "utf8");
    return {
      ...{ url, caCertificate, token, restrictedToken, close },
      kubeconfig: (options) => kubeconfig({ url, ...options, caCertificate, token, restrictedToken }),
      ask: async (method, path, body) => {
        const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
        const response = await request(`${url}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": type },
          body: body === undefined ? null : JSON.stringify(body),
          ...(agent === undefined ? {} : { dispatcher: agent }),
        });
        // What nobody serves is answered with a word, not an object.
        const text = await response.body.text();
        return { status: response.statusCode, body: text.startsWith("{") ? JSON.parse(text) : text };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** JSON is YAML. */
function kubeconfig(given: Pick<KubeCluster, "url" | "caCertificate" | "token" | "restrictedToken">): string {
  const users = { admin: given.token, restricted: given.restrictedToken };
  const ca = Buffer.from(given.caCertificate).toString("base64");
  return JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "admin" },
    clusters: [{ name: "cluster", cluster: { server: given.url, "certificate-authority-data": ca } }],
    users: Object.entries(users).map(([name, token]) => ({ name, user: { token } })),
    contexts: Object.keys(users).map((name) => ({ name, context: { cluster: "cluster", user: name } })),
  });
}

const statusOf = (url: string, dispatcher: Agent): Promise<number | undefined> =>
  request(url, { dispatcher }).then(
    async ({ statusCode, body }) => {
      await body.dump();
      return statusCode;
    },
    () => undefined,
  );

const secret = (): string => randomBytes(16).toString("hex");
