import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/settings.ts";
import type { Host } from "../host/host.ts";
import { harborEndpoint } from "./endpoint.ts";
import type { MachineOutput } from "./machine-schema.ts";

/** The output `machine` of a stack, known as soon as the machine is. */
export function machineOutput(
  host: Pick<Host, "access" | "sudo" | "dataVolume">,
  { hostname, tls, harbor }: Pick<Settings, "hostname" | "tls" | "harbor">,
): pulumi.Output<MachineOutput> {
  const { address, port, user, hostKey, jump } = host.access;
  const endpoint = harborEndpoint(hostname, tls, harbor);
  const device = host.dataVolume?.device ?? harbor.dataVolume?.device;
  return pulumi.output({
    address,
    port,
    user,
    hostKey,
    ...(jump && {
      jump: { address: jump.address, port: jump.port, user: jump.user, hostKey: jump.hostKey },
    }),
    sudo: host.sudo,
    installDir: harbor.installDir,
    dataDir: harbor.dataDir,
    ...(device !== undefined && { dataDevice: device }),
    hostname,
    url: endpoint.url,
    listenAddress: harbor.listenAddress,
    listenPort: endpoint.port,
    tls: tls.mode,
    timeouts: { step: harbor.timeouts.step, health: harbor.timeouts.health },
  });
}
