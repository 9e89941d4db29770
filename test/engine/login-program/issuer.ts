/** In place of dex: a real OpenID provider that reads its clients as dex does, at each request, out of its cluster. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Provider } from "oidc-provider";
import type { Adapter, AdapterPayload, Configuration } from "oidc-provider";
import { z } from "zod";

import { dexClientName } from "../../../components/login/dex-client-name.ts";
import { oauth2ClientPath } from "../../e2e/machine/dex-crd.ts";
import type { KubeCluster } from "../../e2e/machine/kube-cluster.ts";

export interface Issuer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  close(): Promise<void>;
}

const oauth2Client = z.object({ id: z.string(), secret: z.string(), redirectURIs: z.array(z.string()) });

/** Of the clients in the namespace `dex`. */
export async function startIssuer(cluster: KubeCluster): Promise<Issuer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const configuration: Configuration = {
    adapter: (model) => (model === "Client" ? clientsIn(cluster) : inMemory()),
    claims: { openid: ["sub"], profile: ["name"], email: ["email"], groups: ["groups"] },
    scopes: ["openid", "profile", "email", "groups", "offline_access"],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", kid: "of-the-test" }] as never },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    ttl: { Interaction: 60 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  };
  const handle = new Provider(url, configuration).callback();
  server.on("request", (request, response) => void handle(request, response));
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function clientsIn(cluster: KubeCluster): Adapter {
  return {
    ...inMemory(),
    async find(id) {
      const { status, body } = await cluster.ask("GET", oauth2ClientPath("dex", dexClientName(id)));
      if (status === 404) return undefined;
      const client = oauth2Client.parse(body);
      // dex doesn't take one that lies under another's name either.
      if (client.id !== id) return undefined;
      return { client_id: id, client_secret: client.secret, redirect_uris: client.redirectURIs };
    },
  };
}

function inMemory(): Adapter {
  const stored = new Map<string, AdapterPayload>();
  return {
    upsert: (id, payload) => {
      stored.set(id, payload);
      return Promise.resolve();
    },
    find: (id) => Promise.resolve(stored.get(id)),
    findByUserCode: () => Promise.resolve(undefined),
    findByUid: () => Promise.resolve(undefined),
    consume: () => Promise.resolve(),
    destroy: (id) => {
      stored.delete(id);
      return Promise.resolve();
    },
    revokeByGrantId: () => Promise.resolve(),
  };
}
