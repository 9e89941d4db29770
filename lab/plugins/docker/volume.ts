/** docker:index/volume:Volume (terraform-provider-docker, internal/provider/resource_docker_volume.go). Id: its name. */
import { z } from "zod";

import type { At, Found, Kind } from "./kind.ts";
import { toLabelList, toLabelMap } from "./labels.ts";
import { removeUnused } from "./still-in-use.ts";

const texts = z.record(z.string(), z.string());

const inputsSchema = z.object({
  name: z.string(),
  driver: z.string().optional(),
  driverOpts: texts.optional(),
});

const volumeSchema = z.object({
  Name: z.string(),
  Driver: z.string(),
  Mountpoint: z.string(),
  Options: texts.nullable(),
  Labels: texts.nullable(),
});

export const volume: Kind = {
  defaults: {},
  computed: ["driver"],
  outputs: ["mountpoint"],
  updatable: [],
  uniqueName: true,
  create: async (at, inputs) => {
    const { name, driver, driverOpts } = inputsSchema.parse(inputs);
    const body = { Name: name, Driver: driver, DriverOpts: driverOpts, Labels: toLabelMap(inputs["labels"]) };
    await at.engine.request({ method: "POST", path: "/volumes/create", body, signal: at.signal });
    const made = await find(at, name);
    if (made === undefined) throw new Error(`the volume ${name} is gone right after it was made`);
    return made;
  },
  read: (at, id) => find(at, id),
  delete: (at, id) =>
    removeUnused(
      at,
      () =>
        at.engine.request({
          method: "DELETE",
          path: `/volumes/${encodeURIComponent(id)}`,
          query: { force: "1" },
          signal: at.signal,
        }),
      /volume is in use/,
    ),
};

async function find({ engine, signal }: At, name: string): Promise<Found | undefined> {
  const body = await engine.find(`/volumes/${encodeURIComponent(name)}`, signal);
  if (body === undefined) return undefined;
  const { Name, Driver, Mountpoint, Options, Labels } = volumeSchema.parse(body);
  const state = {
    name: Name,
    driver: Driver,
    driverOpts: Options ?? {},
    labels: toLabelList(Labels),
    mountpoint: Mountpoint,
  };
  return { id: Name, state };
}
