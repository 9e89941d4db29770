import { mkdirSync } from "node:fs";

import { z } from "zod";

import type { ObjectStore, Objects, Volume } from "../objects.ts";
import { ApiError } from "./api-error.ts";
import { hasLabels, parseBody, readFilters } from "./route.ts";
import type { Route } from "./route.ts";

const texts = z.record(z.string(), z.string()).nullish();

const createBody = z.strictObject({
  Name: z.string().default(""),
  Driver: z.string().default(""),
  DriverOpts: texts,
  Labels: texts,
});

/** Of the driver `local`. */
const OPTIONS = ["type", "o", "device", "size"];

export const VOLUME_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: /^\/volumes$/,
    answer: ({ store, query }) => {
      const { name, label, driver } = readFilters(query, ["name", "label", "driver"]);
      const found = Object.values(store.read().volumes).filter(
        (one) =>
          (name?.some((part) => one.Name.includes(part)) ?? true) &&
          (driver?.includes(one.Driver) ?? true) &&
          hasLabels(one.Labels ?? {}, label ?? []),
      );
      return { status: 200, body: { Volumes: found.map(shown), Warnings: null } };
    },
  },
  {
    method: "POST",
    path: /^\/volumes\/create$/,
    answer: ({ store, body }) => ({ status: 201, body: shown(create(store, parseBody(createBody, body))) }),
  },
  {
    method: "GET",
    path: /^\/volumes\/([^/]+)$/,
    answer: ({ store, names: [name = ""] }) => ({ status: 200, body: shown(find(store.read(), name)) }),
  },
  {
    method: "DELETE",
    path: /^\/volumes\/([^/]+)$/,
    answer: ({ store, names: [name = ""], query }) => {
      store.change((kept) => {
        if (!(name in kept.volumes) && ["1", "true"].includes(query.get("force") ?? "")) return;
        const { containers } = find(kept, name);
        if (containers.length > 0)
          throw new ApiError(409, `remove ${name}: volume is in use - [${containers.join(", ")}]`);
        Reflect.deleteProperty(kept.volumes, name);
      });
      return { status: 204 };
    },
  },
];

function create(store: ObjectStore, wanted: z.output<typeof createBody>): Volume {
  const { Name, DriverOpts } = wanted;
  const Driver = wanted.Driver === "" ? "local" : wanted.Driver;
  if (!/^[a-zA-Z0-9][\w.-]+$/.test(Name)) {
    throw new ApiError(
      400,
      `create ${Name}: "${Name}" includes invalid characters for a local volume name, ` +
        'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
  if (Driver !== "local")
    throw new ApiError(404, `create ${Name}: error looking up volume plugin ${Driver}: plugin not found`);
  checkOptions(Name, DriverOpts ?? {});
  const mountpoint = store.mountpoint(Name);
  mkdirSync(mountpoint, { recursive: true });
  // One that is there already is the answer, whatever options were asked for.
  return store.change(
    ({ volumes }) =>
      (volumes[Name] ??= {
        Name,
        Driver,
        Mountpoint: mountpoint,
        CreatedAt: new Date().toISOString(),
        Scope: "local",
        Options: DriverOpts ?? null,
        Labels: wanted.Labels ?? null,
        containers: [],
      }),
  );
}

function checkOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option)) throw new ApiError(400, `create ${name}: invalid option: "${option}"`);
  if (!["type", "o", "device"].some((option) => option in options)) return;
  for (const option of ["device", "type"])
    if ((options[option] ?? "") === "")
      throw new ApiError(400, `create ${name}: missing required option: "${option}"`);
}

function find({ volumes }: Objects, name: string): Volume {
  const found = volumes[name];
  if (found === undefined) throw new ApiError(404, `get ${name}: no such volume`);
  return found;
}

function shown({ Name, Driver, Mountpoint, CreatedAt, Scope, Options, Labels }: Volume): object {
  return { Name, Driver, Mountpoint, CreatedAt, Scope, Options, Labels };
}
