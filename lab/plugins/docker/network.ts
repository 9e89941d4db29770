/** docker:index/network:Network (terraform-provider-docker, internal/provider/resource_docker_network*.go). */
import { z } from "zod";

import type { Properties } from "../../../provider/values.ts";
import type { At, Found, Kind } from "./kind.ts";
import { toLabelList, toLabelMap } from "./labels.ts";
import { removeUnused } from "./still-in-use.ts";

const texts = z.record(z.string(), z.string());

const inputsSchema = z.object({
  name: z.string(),
  driver: z.string().optional(),
  internal: z.boolean().optional(),
  attachable: z.boolean().optional(),
  ingress: z.boolean().optional(),
  ipv6: z.boolean().optional(),
  options: texts.optional(),
  ipamDriver: z.string().optional(),
  ipamOptions: texts.optional(),
  ipamConfigs: z
    .array(
      z.object({
        subnet: z.string().optional(),
        ipRange: z.string().optional(),
        gateway: z.string().optional(),
        auxAddress: texts.optional(),
      }),
    )
    .optional(),
});

const networkSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Scope: z.string(),
  Internal: z.boolean(),
  Attachable: z.boolean(),
  Ingress: z.boolean(),
  EnableIPv6: z.boolean(),
  Options: texts.nullable(),
  Labels: texts.nullable(),
  IPAM: z.object({
    Driver: z.string(),
    Options: texts.nullable(),
    Config: z
      .array(
        z.object({
          Subnet: z.string().optional(),
          IPRange: z.string().optional(),
          Gateway: z.string().optional(),
          AuxiliaryAddresses: texts.nullish(),
        }),
      )
      .nullable(),
  }),
});

export const network: Kind = {
  defaults: { ipamDriver: "default" },
  computed: ["driver", "internal", "options", "ipamConfigs", "ipamOptions"],
  outputs: ["scope"],
  updatable: [],
  uniqueName: true,
  create: async (at, inputs) => {
    const body = createBody(inputs);
    const answer = await at.engine.request({
      method: "POST",
      path: "/networks/create",
      body,
      signal: at.signal,
    });
    const { Id } = z.object({ Id: z.string() }).parse(JSON.parse(answer));
    const made = await find(at, Id);
    if (made === undefined) throw new Error(`the network ${body.Name} is gone right after it was made`);
    return made;
  },
  read: (at, id) => find(at, id),
  delete: (at, id) =>
    removeUnused(
      at,
      () => at.engine.request({ method: "DELETE", path: `/networks/${id}`, signal: at.signal }),
      /has active endpoints/,
    ),
};

function createBody(inputs: Properties) {
  const { name, driver, internal, attachable, ingress, ipv6, options, ...ipam } = inputsSchema.parse(inputs);
  return {
    Name: name,
    // An engine older than API 1.44 would make a second one of the same name; the real plugin lets it.
    CheckDuplicate: true,
    Driver: driver,
    Internal: internal,
    Attachable: attachable,
    Ingress: ingress,
    EnableIPv6: ipv6,
    Options: options,
    Labels: toLabelMap(inputs["labels"]),
    IPAM: {
      Driver: ipam.ipamDriver,
      Options: ipam.ipamOptions,
      Config: ipam.ipamConfigs?.map(({ subnet, ipRange, gateway, auxAddress }) => ({
        Subnet: subnet,
        IPRange: ipRange,
        Gateway: gateway,
        AuxiliaryAddresses: auxAddress,
      })),
    },
  };
}

/** By id: a network of the same name that somebody else made is another one. */
async function find({ engine, signal }: At, id: string): Promise<Found | undefined> {
  const body = await engine.find(`/networks/${id}`, signal);
  if (body === undefined) return undefined;
  const found = networkSchema.parse(body);
  const state = {
    name: found.Name,
    driver: found.Driver,
    internal: found.Internal,
    attachable: found.Attachable,
    ingress: found.Ingress,
    ipv6: found.EnableIPv6,
    options: found.Options ?? {},
    labels: toLabelList(found.Labels),
    scope: found.Scope,
    ipamDriver: found.IPAM.Driver,
    ipamOptions: found.IPAM.Options ?? {},
    ipamConfigs: (found.IPAM.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
      ...(Subnet === undefined ? {} : { subnet: Subnet }),
      ...(IPRange === undefined ? {} : { ipRange: IPRange }),
      ...(Gateway === undefined ? {} : { gateway: Gateway }),
      ...(AuxiliaryAddresses == null ? {} : { auxAddress: AuxiliaryAddresses }),
    })),
  };
  return { id: found.Id, state };
}
