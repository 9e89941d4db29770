import { randomBytes } from "node:crypto";

import { z } from "zod";

import type { Network, Objects } from "../objects.ts";
import { ApiError } from "./api-error.ts";
import { hasLabels, parseBody, readFilters } from "./route.ts";
import type { Route } from "./route.ts";

const texts = z.record(z.string(), z.string()).nullish();

const createBody = z.strictObject({
  Name: z.string().min(1, "no name given"),
  /** Without a meaning since API 1.44: names are always unique. */
  CheckDuplicate: z.boolean().optional(),
  Driver: z.string().optional(),
  Scope: z.string().optional(),
  EnableIPv4: z.boolean().optional(),
  EnableIPv6: z.boolean().optional(),
  Internal: z.boolean().optional(),
  Attachable: z.boolean().optional(),
  Ingress: z.boolean().optional(),
  IPAM: z
    .strictObject({
      Driver: z.string().optional(),
      Options: texts,
      Config: z.array(z.record(z.string(), z.unknown())).nullish(),
    })
    .nullish(),
  Options: texts,
  Labels: texts,
});

const PREDEFINED = ["bridge", "host", "none", "default"];

export const NETWORK_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: /^\/networks$/,
    answer: ({ store, query }) => {
      const { name, id, label, driver } = readFilters(query, ["name", "id", "label", "driver"]);
      const found = Object.values(store.read().networks).filter(
        (one) =>
          (name?.some((part) => one.Name.includes(part)) ?? true) &&
          (id?.some((part) => one.Id.startsWith(part)) ?? true) &&
          (driver?.includes(one.Driver) ?? true) &&
          hasLabels(one.Labels, label ?? []),
      );
      return { status: 200, body: found.map(shown) };
    },
  },
  {
    method: "POST",
    path: /^\/networks\/create$/,
    answer: ({ store, body }) => {
      const wanted = parseBody(createBody, body);
      const created = store.change((kept) => create(kept, wanted));
      return { status: 201, body: { Id: created.Id, Warning: "" } };
    },
  },
  {
    method: "GET",
    path: /^\/networks\/([^/]+)$/,
    answer: ({ store, names: [name = ""] }) => ({ status: 200, body: shown(find(store.read(), name)) }),
  },
  {
    method: "DELETE",
    path: /^\/networks\/([^/]+)$/,
    answer: ({ store, names: [name = ""] }) => {
      store.change((kept) => {
        const { Name, Id, containers } = find(kept, name);
        if (containers.length > 0) {
          throw new ApiError(
            403,
            `error while removing network: network ${Name} id ${Id} has active endpoints`,
          );
        }
        Reflect.deleteProperty(kept.networks, Name);
      });
      return { status: 204 };
    },
  },
];

function create(kept: Objects, wanted: z.output<typeof createBody>): Network {
  const { Name, Driver = "bridge", IPAM } = wanted;
  if (PREDEFINED.includes(Name))
    throw new ApiError(403, `operation is not permitted on predefined ${Name} network`);
  if (Name in kept.networks) throw new ApiError(409, `network with name ${Name} already exists`);
  if (Driver !== "bridge") {
    throw new ApiError(404, `could not find plugin ${Driver} in v1 plugin registry: plugin not found`);
  }
  const used = Object.keys(kept.networks).length;
  const subnet = { Subnet: `172.${18 + used}.0.0/16`, Gateway: `172.${18 + used}.0.1` };
  const network: Network = {
    Id: randomBytes(32).toString("hex"),
    Name,
    Created: new Date().toISOString(),
    Scope: "local",
    Driver,
    EnableIPv6: wanted.EnableIPv6 ?? false,
    Internal: wanted.Internal ?? false,
    Attachable: wanted.Attachable ?? false,
    Ingress: wanted.Ingress ?? false,
    IPAM: {
      Driver: IPAM?.Driver ?? "default",
      Options: IPAM?.Options ?? null,
      Config: (IPAM?.Config?.length ?? 0) > 0 ? (IPAM?.Config ?? []) : [subnet],
    },
    Options: wanted.Options ?? {},
    Labels: wanted.Labels ?? {},
    containers: [],
  };
  kept.networks[Name] = network;
  return network;
}

/** By name, id, or the beginning of an id. */
function find({ networks }: Objects, name: string): Network {
  const found = networks[name] ?? Object.values(networks).find(({ Id }) => Id.startsWith(name));
  if (found === undefined) throw new ApiError(404, `network ${name} not found`);
  return found;
}

function shown({ containers, ...network }: Network): object {
  const Containers = Object.fromEntries(containers.map((Name) => [Name, { Name }]));
  return { ...network, ConfigFrom: { Network: "" }, ConfigOnly: false, Containers };
}
