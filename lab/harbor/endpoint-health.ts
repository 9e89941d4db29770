/** Whether a registry endpoint answers: what Harbor asks before it stores one, and every five minutes after. */
import { ask, basic } from "../upstream/registry-client.ts";
import type { Endpoint } from "../upstream/registry-client.ts";
import { readAll, send } from "../upstream/http-client.ts";
import type { App } from "./app.ts";
import { HarborError, internalError, panic } from "./harbor-error.ts";
import type { Registry } from "./store.ts";

/** Adapter types that can be created; all but `quay` are listed by `/replication/adapters`. */
export const ADAPTERS = [
  "ali-acr",
  "aws-ecr",
  "azure-acr",
  "docker-hub",
  "docker-registry",
  "github-ghcr",
  "google-gcr",
  "harbor",
  "huawei-SWR",
  "jfrog-artifactory",
  "tencent-tcr",
  "volcengine-cr",
];

/** Adapter types that may back a proxy-cache project. */
export const PROXY_ADAPTERS = [
  "docker-hub",
  "harbor",
  "azure-acr",
  "ali-acr",
  "aws-ecr",
  "google-gcr",
  "docker-registry",
  "github-ghcr",
  "jfrog-artifactory",
];

export type EndpointSettings = Pick<
  Registry,
  "type" | "url" | "insecure" | "caCertificate" | "accessKey" | "accessSecret"
>;

/** How images of this endpoint are pulled: docker-hub always is registry-1.docker.io, whatever its URL says. */
export function endpointOf(app: App, settings: EndpointSettings): Endpoint {
  const { accessKey, accessSecret } = settings;
  return {
    ...app.connection(settings.insecure, settings.caCertificate),
    url: settings.type === "docker-hub" ? "https://registry-1.docker.io" : settings.url,
    ...(accessSecret === ""
      ? {}
      : { credentials: { username: accessKey, password: app.keys.decrypt(accessSecret) } }),
  };
}

/** Throws as Harbor does where the endpoint can't be used: 400 unhealthy, or 500 in the odd cases. */
export async function checkEndpoint(app: App, settings: EndpointSettings): Promise<void> {
  if (![...ADAPTERS, "quay"].includes(settings.type)) throw internalError();
  if (!(await isHealthy(app, settings))) throw new HarborError(400, "the registry is unhealthy");
}

async function isHealthy(app: App, settings: EndpointSettings): Promise<boolean> {
  const endpoint = endpointOf(app, settings);
  const { credentials } = endpoint;
  try {
    if (settings.type === "harbor") {
      // Real Harbor dereferences nil here.
      if (credentials === undefined) throw panic();
      const headers = { authorization: basic(credentials) };
      return (
        (await status(send(new URL(`${endpoint.url}/api/v2.0/users/current`), { headers }, endpoint))) === 200
      );
    }
    if (settings.type === "docker-hub" && credentials !== undefined) await loginToDockerHub(endpoint);
    if (settings.type === "google-gcr" && credentials === undefined) return false;
    const answered = await status(ask(endpoint, "/v2/"));
    return answered === 200 || (answered === 401 && credentials === undefined);
  } catch (error) {
    if (error instanceof HarborError) throw error;
    return false;
  }
}

async function loginToDockerHub(endpoint: Endpoint): Promise<void> {
  const { username = "", password = "" } = endpoint.credentials ?? {};
  const request = send(
    new URL("https://hub.docker.com/v2/users/login/"),
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, password }),
    },
    endpoint,
  );
  const answered = await status(request).catch(() => undefined);
  if (answered !== 200) throw internalError();
}

async function status(answer: ReturnType<typeof send>): Promise<number> {
  const { status, body } = await answer;
  await readAll(body);
  return status;
}

/** Checks every endpoint and stores what was found. */
export async function checkAllEndpoints(app: App): Promise<void> {
  for (const registry of app.store.state.registries) {
    const healthy = await isHealthy(app, registry).catch(() => false);
    registry.status = healthy ? "healthy" : "unhealthy";
  }
  app.store.save();
}
