/** `/registries` and `/replication/adapters`: upstream endpoints. */
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import type { App } from "../app.ts";
import type { EndpointSettings } from "../endpoint-health.ts";
import { ADAPTERS, checkEndpoint } from "../endpoint-health.ts";
import { HarborError } from "../harbor-error.ts";
import type { Registry } from "../store.ts";
import { NEVER, removeWhere } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { fuzzy, listReply } from "./list.ts";

const text = z.string().nullish();
const created = z.object({
  name: text,
  description: text,
  type: text,
  url: text,
  insecure: z.boolean().nullish(),
  ca_certificate: text,
  credential: z.object({ type: text, access_key: text, access_secret: text }).nullish(),
});
// Flat, unlike create: a nested `credential` is ignored.
const updated = z.object({
  name: text,
  description: text,
  url: text,
  insecure: z.boolean().nullish(),
  ca_certificate: text,
  credential_type: text,
  access_key: text,
  access_secret: text,
});
const pinged = updated.extend({ id: int64.nullish(), type: text });

const columns = {
  id: (registry: Registry) => registry.id,
  name: (registry: Registry) => registry.name,
  type: (registry: Registry) => registry.type,
  url: (registry: Registry) => registry.url,
  status: (registry: Registry) => registry.status,
  creation_time: (registry: Registry) => registry.created,
  update_time: (registry: Registry) => registry.updated,
};

export function registryRoutes(app: App): Route[] {
  const { store } = app;
  const find = (id: number): Registry => {
    const registry = store.state.registries.find((one) => one.id === id);
    if (registry === undefined) throw new HarborError(404, `registry ${id} not found`);
    return registry;
  };
  const refuseTaken = (name: string, id?: number): void => {
    if (store.state.registries.some((one) => one.name === name && one.id !== id)) {
      throw new HarborError(409, `registry ${name} already exists`);
    }
  };

  async function create(call: Call) {
    const body = bodyOf(call, created, "registry", { "": "Registry", credential: "RegistryCredential" });
    systemAccess(call, "registry:create");
    const { credential } = body;
    const secret = credential?.access_secret ?? "";
    const at = app.now();
    const registry: Omit<Registry, "id"> = {
      name: checkName(body.name ?? ""),
      type: body.type ?? "",
      url: normalizeUrl(body.url ?? ""),
      description: body.description ?? "",
      insecure: body.insecure ?? false,
      caCertificate: checkCa(body.ca_certificate ?? ""),
      credentialType: secret === "" ? "" : (credential?.type ?? ""),
      accessKey: credential?.access_key ?? "",
      accessSecret: secret === "" ? "" : app.keys.encrypt(secret),
      status: "healthy",
      created: at,
      updated: at,
    };
    await checkEndpoint(app, registry);
    // The database gives the id before it finds the name taken.
    const id = store.next("registry");
    refuseTaken(registry.name);
    store.state.registries.push({ ...registry, id });
    return { status: 201, headers: { Location: `/api/v2.0/registries/${id}` } };
  }

  async function update(call: Call) {
    const id = idParam(call);
    const body = bodyOf(call, updated, "registry", { "": "RegistryUpdate" });
    systemAccess(call, "registry:update");
    const registry = find(id);
    const name = typeof body.name === "string" ? checkName(body.name) : registry.name;
    const next = merge(registry, body);
    await checkEndpoint(app, next);
    refuseTaken(name, id);
    const description = body.description ?? registry.description;
    Object.assign(registry, next, { name, description, status: "healthy", updated: app.now() });
    return { status: 200 };
  }

  function merge<T extends EndpointSettings & { credentialType: string }>(
    settings: T,
    body: z.infer<typeof updated>,
  ): T {
    const { access_secret: secret } = body;
    return {
      ...settings,
      url: typeof body.url === "string" ? normalizeUrl(body.url) : settings.url,
      insecure: body.insecure ?? settings.insecure,
      caCertificate:
        typeof body.ca_certificate === "string" ? checkCa(body.ca_certificate) : settings.caCertificate,
      credentialType: body.credential_type ?? settings.credentialType,
      accessKey: body.access_key ?? settings.accessKey,
      accessSecret:
        typeof secret === "string" ? (secret === "" ? "" : app.keys.encrypt(secret)) : settings.accessSecret,
    };
  }

  async function ping(call: Call) {
    const body = bodyOf(call, pinged, "registry", { "": "RegistryPing" });
    systemAccess(call, "registry:read");
    const blank = {
      url: "",
      insecure: false,
      caCertificate: "",
      credentialType: "",
      accessKey: "",
      accessSecret: "",
    };
    const stored = typeof body.id === "number" ? find(body.id) : undefined;
    const type = body.type ?? stored?.type ?? "";
    if (stored === undefined && (type === "" || (body.url ?? "") === "")) {
      throw new HarborError(400, "type or url cannot be empty");
    }
    await checkEndpoint(app, merge(stored ?? { ...blank, type }, body));
    return { status: 200 };
  }

  function remove(call: Call) {
    const id = idParam(call);
    systemAccess(call, "registry:delete");
    find(id);
    if (store.state.projects.some(({ registryId }) => registryId === id)) {
      throw new HarborError(412, `the registry ${id} is referenced by proxy cache project, cannot delete it`);
    }
    if (
      store.state.replicationPolicies.some(
        ({ sourceId, destinationId }) => sourceId === id || destinationId === id,
      )
    ) {
      throw new HarborError(
        412,
        `the registry ${id} is referenced by replication policies, cannot delete it`,
      );
    }
    removeWhere(store.state.registries, (one) => one.id === id);
    return { status: 200 };
  }

  return [
    {
      method: "GET",
      path: "/replication/adapters",
      handle: (call) => {
        systemAccess(call, "replication-adapter:list");
        return { status: 200, json: ADAPTERS };
      },
    },
    {
      method: "GET",
      path: "/registries",
      handle: (call) => {
        systemAccess(call, "registry:list");
        const name = call.query.get("name") ?? "";
        const registries = store.state.registries.filter((registry) => fuzzy(registry.name, name));
        return listReply(call, registries, columns, "id", show);
      },
    },
    { method: "POST", path: "/registries", handle: create },
    { method: "POST", path: "/registries/ping", handle: ping },
    {
      method: "GET",
      path: "/registries/{id}",
      handle: (call) => {
        const id = idParam(call);
        systemAccess(call, "registry:read");
        return { status: 200, json: showRegistry(app, id === 0 ? 0 : find(id).id) };
      },
    },
    { method: "PUT", path: "/registries/{id}", handle: update },
    { method: "DELETE", path: "/registries/{id}", handle: remove },
    {
      method: "GET",
      path: "/registries/{id}/info",
      handle: (call) => {
        const id = idParam(call);
        systemAccess(call, "registry:read");
        return { status: 200, json: info(id === 0 ? "harbor" : find(id).type) };
      },
    },
  ];
}

/** A registry as policies show it; 0 is this Harbor. */
export function showRegistry(app: App, id: number): object {
  const registry = app.state.registries.find((one) => one.id === id);
  return registry === undefined ? local(app) : show(registry);
}

/** A registry without its credential, as a project's summary shows it. */
export function showWithoutCredential(registry: Registry): object {
  return {
    creation_time: registry.created,
    ...(registry.description === "" ? {} : { description: registry.description }),
    id: registry.id,
    ...(registry.insecure ? { insecure: true } : {}),
    name: registry.name,
    status: registry.status,
    type: registry.type,
    update_time: registry.updated,
    url: registry.url,
  };
}

function show(registry: Registry): object {
  const { accessKey, accessSecret, credentialType, caCertificate } = registry;
  const credential =
    accessSecret === ""
      ? {}
      : {
          access_key: accessKey,
          access_secret: "*****",
          ...(credentialType === "" ? {} : { type: credentialType }),
        };
  return {
    ...(caCertificate === "" ? {} : { ca_certificate: caCertificate }),
    credential,
    ...showWithoutCredential(registry),
  };
}

function local(app: App): object {
  return {
    creation_time: NEVER,
    credential: { access_secret: "*****", type: "secret" },
    id: 0,
    insecure: true,
    name: "Local",
    status: "healthy",
    type: "harbor",
    update_time: NEVER,
    url: app.externalUrl,
  };
}

function info(type: string): object {
  const input = (name: string): object => ({ style: "input", type: name, values: null });
  const resources = type === "harbor" ? ["image", "artifact"] : ["image"];
  return {
    ...(type === "harbor" ? { supported_copy_by_chunk: true } : {}),
    supported_resource_filters: [
      input("name"),
      input("tag"),
      ...(type === "harbor" ? [{ style: "list", type: "label", values: null }] : []),
      { style: "radio", type: "resource", values: resources },
    ],
    supported_triggers: ["manual", "scheduled", ...(type === "harbor" ? ["event_based"] : [])],
    type,
  };
}

function checkName(name: string): string {
  if (name === "") throw new HarborError(400, "name cannot be empty");
  if (name.length > 64) throw new HarborError(400, "the max length of name is 64");
  return name;
}

/** Scheme added, trailing slash, query and fragment cut, a path kept. */
function normalizeUrl(given: string): string {
  if (given === "") throw new HarborError(400, "empty string");
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given) ?? [];
  if (scheme !== undefined && !["http", "https"].includes(scheme.toLowerCase())) {
    throw new HarborError(400, `invalid HTTP scheme: ${scheme}`);
  }
  return (scheme === undefined ? `http://${given}` : given)
    .replace(/[?#].*$/s, "")
    .replace(/(?<!\/)\/+$/, "");
}

function checkCa(pem: string): string {
  if (pem === "") return pem;
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new HarborError(400, "invalid CA certificate: no valid certificates found in PEM data");
  }
}
