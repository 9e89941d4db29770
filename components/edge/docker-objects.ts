import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { EdgeSettings } from "../../config/settings.ts";
import { dockerProvider } from "../host/docker-provider.ts";
import type { Host } from "../host/host.ts";
import { edgeFolder, type EdgeObjects } from "./edge-machine.ts";

export interface DockerObjects {
  readonly objects: pulumi.Output<EdgeObjects>;
  readonly resources: readonly pulumi.Resource[];
}

/** Where no machine's own role says the region: Route53 is one service for all of them. */
const defaultRegion = "us-east-1";

/**
 * What the machine's Docker engine keeps for the edge: a network, a volume and two images.
 *
 * They are no part of the compose project, so that `docker compose down -v` leaves them alone. Their names carry the
 * machine's identity: a rebuilt machine gets new ones, and the volume shows the same folder of the same data again.
 */
export function dockerObjects(
  name: string,
  args: { readonly host: Host; readonly dataDir: string; readonly edge: EdgeSettings },
  opts: { readonly parent: pulumi.Resource; readonly dependsOn: readonly pulumi.Resource[] },
): DockerObjects {
  const { host, dataDir, edge } = args;
  const { parent } = opts;
  const options: pulumi.CustomResourceOptions = {
    parent,
    provider: dockerProvider(`${name}-docker`, host, { parent }),
    dependsOn: [...opts.dependsOn],
    // Where Pulumi made the machine they go with it. `deletedWith` alone doesn't do when the machine is replaced, deleted
    // first: the engine would delete them before it, while Traefik uses them, or on a machine that answers no more.
    ...(host.deletedWith && { deletedWith: host.deletedWith, retainOnDelete: true }),
  };
  const network = new docker.Network(
    `${name}-network`,
    { name: pulumi.interpolate`harbor-cache-edge-${host.identity}`, driver: "bridge" },
    options,
  );
  const volume = new docker.Volume(
    `${name}-certificates`,
    {
      name: pulumi.interpolate`harbor-cache-certs-${host.identity}`,
      driver: "local",
      driverOpts: { type: "none", o: "bind", device: edgeFolder(dataDir) },
    },
    options,
  );
  const image = (kind: string, reference: string) =>
    new docker.RemoteImage(
      `${name}-${kind}`,
      // A rebuilt machine doesn't have it yet.
      { name: reference, keepLocally: true, pullTriggers: [host.identity] },
      options,
    );
  const traefik = image("traefik", edge.traefikImage);
  const socketProxy = image("socket-proxy", edge.socketProxyImage);
  return {
    objects: pulumi.output({
      network: network.name,
      volume: volume.name,
      traefikImage: pinned(traefik, edge.traefikImage),
      socketProxyImage: pinned(socketProxy, edge.socketProxyImage),
      region: host.region ?? defaultRegion,
    }),
    resources: [network, volume, traefik, socketProxy],
  };
}

/** An image that was loaded from a file, on a machine without internet, has no digest to name it by. */
function pinned(image: docker.RemoteImage, reference: string): pulumi.Output<string> {
  return image.repoDigest.apply((digest: string | undefined) =>
    digest?.includes("@sha256:") === true ? digest : reference,
  );
}
