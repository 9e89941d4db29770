/** `harborcache:harbor:Registry`: an upstream registry endpoint in Harbor. Its id is Harbor's number. */
import { diffProperties } from "../property-diff.ts";
import { PartialFailure, type ReadResult, type ResourceContext, type ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import { UNKNOWN, type Properties, type Value } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { isStatus } from "./harbor-error.ts";
import { PROXY_ADAPTERS } from "./proxy-adapters.ts";
import { findRegistry, getRegistry, projectsOf, type HarborRegistry } from "./registry-api.ts";
import { checkRegistry, parseRegistryInputs, registryShape, type RegistryInputs } from "./registry-inputs.ts";
import { rememberTaken, wasTaken } from "../taken-over.ts";
import { withoutUndefined } from "./without-undefined.ts";

const TYPE = "harborcache:harbor:Registry";

export const registry: ResourceModule = {
  type: TYPE,
  secretOutputs: ["accessSecret"],
  schema: describeShape(registryShape, ["registryId", "status"], ["accessSecret"]),

  check: (_olds, news) => checkRegistry(news),

  diff: (_id, oldInputs, _oldState, newInputs) => ({
    // A PUT ignores the type (quirk 23).
    detailed: diffProperties(withoutProxyCache(oldInputs), withoutProxyCache(newInputs), ["providerName"]),
    // Under another name the new one can be made, and so be tried out by Harbor, before anything of the old one goes.
    deleteBeforeReplace: oldInputs["name"] === newInputs["name"],
  }),

  async create(ctx, urn, inputs, preview) {
    if (preview) return { id: "", state: { ...inputs, registryId: UNKNOWN, status: UNKNOWN } };
    const harbor = ctx.harbor();
    const wanted = parseRegistryInputs(inputs);
    const find = () => findRegistry(harbor, wanted.name);
    const result = await harbor.create("/registries", createBody(wanted), find).catch(explain(wanted));
    if ("existing" in result) await adopt(ctx, urn, wanted, result.existing);
    const id = "existing" in result ? result.existing.id : Number(result.location.split("/").at(-1));
    rememberTaken(ctx, TYPE, String(id));
    return settle(harbor, id, inputs);
  },

  async read(ctx, _urn, id, oldInputs, oldState) {
    const harbor = ctx.harbor();
    const imported = Object.keys(oldState).length === 0;
    const found = /^\d+$/.test(id) ? await getRegistry(harbor, Number(id)) : undefined;
    if (imported) return toRead(found ?? (await findRegistry(harbor, id)), oldInputs);
    return found !== undefined && isSame(oldState, found) ? toRead(found, oldInputs) : undefined;
  },

  async update(ctx, _urn, id, _oldInputs, oldState, newInputs, preview) {
    const { registryId = UNKNOWN, status = UNKNOWN } = oldState;
    if (preview) return { ...newInputs, registryId, status };
    const harbor = ctx.harbor();
    const found = await getRegistry(harbor, Number(id));
    if (found === undefined || !isSame(oldState, found)) {
      throw new Error(
        `Harbor has no registry ${id} of this name any more. Run pulumi refresh, then up makes it again.`,
      );
    }
    const wanted = parseRegistryInputs(newInputs);
    await harbor.put(`/registries/${id}`, updateBody(wanted)).catch(explain(wanted));
    return (await settle(harbor, found.id, newInputs)).state;
  },

  async delete(ctx, urn, id, _oldInputs, oldState) {
    const harbor = ctx.harbor();
    const found = await getRegistry(harbor, Number(id));
    if (found === undefined || wasTaken(ctx, TYPE, id)) return;
    if (!isSame(oldState, found)) {
      await ctx.log(
        "warning",
        `Registry ${id} in Harbor is another one now (${found.name}): it is left alone.`,
        urn,
      );
      return;
    }
    try {
      await harbor.delete(`/registries/${id}`);
    } catch (error) {
      if (!isStatus(error, 412)) throw error;
      const projects = await projectsOf(harbor, found.id);
      const users =
        projects.length > 0
          ? `the projects ${projects.join(", ")}`
          : "something else, such as a replication policy";
      throw new Error(
        `The registry ${found.name} is still used by ${users}: delete or move that first. ${error.message}`,
        {
          cause: error,
        },
      );
    }
  },
};

/** Numbers are given anew by a Harbor that was set up again: name or endpoint must be the one we knew. */
function isSame(oldState: Properties, found: HarborRegistry): boolean {
  const sameEndpoint = found.type === oldState["providerName"] && found.url === oldState["endpointUrl"];
  return found.name === oldState["name"] || sameEndpoint;
}

/**
 * Takes over a registry of our name, left by a create whose answer was lost or by a former stack on this Harbor. Only one
 * that serves the same upstream in the same way: else images would come from elsewhere, or somebody's credentials be lost.
 */
async function adopt(
  ctx: ResourceContext,
  urn: string,
  wanted: RegistryInputs,
  found: HarborRegistry,
): Promise<void> {
  const differences = settings(wanted)
    .filter(([name, value]) => name !== "description" && settingsOf(found)[name] !== value)
    .map(([name]) => name);
  if (differences.length > 0) {
    throw new Error(
      `Harbor already has a registry named ${wanted.name} (number ${found.id}), with other settings than wanted: ` +
        `${differences.join(", ")}. It was left as it is. Rename one of them, delete it in Harbor, or take it over by ` +
        `pulumi import harborcache:harbor:Registry NAME ${found.id}.`,
    );
  }
  await ctx.log(
    "warning",
    `Harbor already had the registry ${wanted.name} (number ${found.id}): taken over.`,
    urn,
  );
  // The secret can't be compared.
  await ctx.harbor().put(`/registries/${found.id}`, updateBody(wanted)).catch(explain(wanted));
}

/** The state after a write, read back, since Harbor ignores silently what it doesn't know. */
async function settle(harbor: HarborClient, id: number, inputs: Properties) {
  const unread: Properties = { ...inputs, registryId: id, status: "" };
  const found = await getRegistry(harbor, id).catch((error: unknown) => {
    throw new PartialFailure(String(id), unread, [`Written, but not read back: ${String(error)}`]);
  });
  const state: Properties = { ...unread, status: found?.status ?? "" };
  const ignored =
    found === undefined
      ? ["all: the registry is gone again"]
      : settings(parseRegistryInputs(inputs)).flatMap(([name, value]) =>
          settingsOf(found)[name] === value ? [] : [name],
        );
  if (ignored.length > 0) {
    const reason = `Harbor accepted the registry but did not take over: ${ignored.join(", ")}. caCertificate needs Harbor 2.15.`;
    throw new PartialFailure(String(id), state, [reason]);
  }
  return { id: String(id), state };
}

/** What Harbor shows of a registry, as inputs; an absent one is the empty string or false. */
function settings(wanted: RegistryInputs): [string, Value][] {
  return Object.entries({
    name: wanted.name,
    providerName: wanted.providerName,
    endpointUrl: wanted.endpointUrl,
    description: wanted.description ?? "",
    accessId: wanted.accessId ?? "",
    insecure: wanted.insecure,
    caCertificate: wanted.caCertificate ?? "",
  });
}

function settingsOf(found: HarborRegistry): Record<string, Value> {
  return {
    name: found.name,
    providerName: found.type,
    endpointUrl: found.url,
    description: found.description,
    accessId: found.credential.access_key,
    insecure: found.insecure,
    caCertificate: found.ca_certificate.trim(),
  };
}

function toRead(found: HarborRegistry | undefined, oldInputs: Properties): ReadResult | undefined {
  if (found === undefined) return undefined;
  const shown = Object.entries(settingsOf(found)).filter(
    // An empty description that was asked for is no drift.
    ([name, value]) => value !== "" || oldInputs[name] === "",
  );
  const inputs = withoutUndefined({
    ...Object.fromEntries(shown),
    // Harbor shows only asterisks: what we know of it stays, as long as there are credentials.
    accessSecret: found.credential.access_key === "" ? undefined : oldInputs["accessSecret"],
    proxyCache: (PROXY_ADAPTERS as readonly string[]).includes(found.type) ? oldInputs["proxyCache"] : false,
  });
  return { id: String(found.id), inputs, state: { ...inputs, registryId: found.id, status: found.status } };
}

/** It only says what is checked: Harbor knows nothing of it. */
function withoutProxyCache(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== "proxyCache"));
}

function createBody(wanted: RegistryInputs): unknown {
  const { name, providerName, endpointUrl, description, insecure, caCertificate } = wanted;
  return {
    name,
    type: providerName,
    url: endpointUrl,
    description,
    insecure,
    ca_certificate: caCertificate,
    // An empty key asks ECR's adapter to use the machine's role.
    ...((wanted.accessId !== undefined || providerName === "aws-ecr") && {
      credential: {
        type: "basic",
        access_key: wanted.accessId ?? "",
        access_secret: wanted.accessSecret ?? "",
      },
    }),
  };
}

/** Flat, unlike at create: the nested credential is ignored there (quirk 23). An empty key clears the credentials. */
function updateBody(wanted: RegistryInputs): unknown {
  const { name, endpointUrl, description, insecure, caCertificate } = wanted;
  return {
    name,
    url: endpointUrl,
    description: description ?? "",
    insecure,
    ca_certificate: caCertificate ?? "",
    ...(wanted.accessId !== undefined && { credential_type: "basic" }),
    access_key: wanted.accessId ?? "",
    access_secret: wanted.accessSecret ?? "",
  };
}

/** Harbor asks the endpoint before it creates or changes it, and says only "unhealthy" when that fails (quirk 18). */
function explain(wanted: RegistryInputs): (error: unknown) => never {
  return (error) => {
    const unhealthy = isStatus(error, 400) && error.reason.includes("unhealthy");
    // docker-hub with credentials and no way out is a bare 500.
    if (!unhealthy && !isStatus(error, 500)) throw error;
    const target = wanted.providerName === "docker-hub" ? "https://registry-1.docker.io" : wanted.endpointUrl;
    const checks = [
      `does ${target} resolve and answer from the Harbor machine (curl -v ${target}/v2/)`,
      "does Harbor need an outgoing proxy, or no_proxy for this host (proxy: in harbor.yml)",
      ...(target.startsWith("https:") && !wanted.insecure
        ? ["is its certificate signed by a CA that Harbor knows (caCertificate)"]
        : []),
      ...(wanted.accessId === undefined ? [] : ["are accessId and accessSecret right"]),
    ];
    throw new Error(
      `Harbor can't use the registry ${wanted.name}: Harbor itself, not this machine, has to reach ${target}, and asks it before each change. ` +
        `Check: ${checks.join("; ")}. ${error.message}`,
      { cause: error },
    );
  };
}
