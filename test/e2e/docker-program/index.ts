import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { dockerProvider } from "../../../components/host/docker-provider.ts";
import type { SshAccess } from "../../../config/settings.ts";

type Reach = Pick<SshAccess, "address" | "port" | "user" | "hostKey">;

interface Settings {
  readonly identity: string;
  readonly machine: Reach;
  readonly jump?: Reach;
  readonly names: Readonly<Record<"network" | "volume" | "device" | "image", string>>;
}

const config = new pulumi.Config();
const { identity, machine, jump, names } = config.requireObject<Settings>("settings");
const { address, port, user, hostKey } = machine;
const privateKey = config.requireSecret("privateKey");
const provider = dockerProvider(
  "machine",
  {
    access: {
      ...{ address: pulumi.output(address), port, user, hostKey: pulumi.output(hostKey), privateKey },
      ...(jump && { jump: { ...jump, privateKey: config.requireSecret("jumpKey") } }),
    },
    identity: pulumi.output(identity),
  },
  {},
);
new docker.Network("edge", { name: names.network }, { provider });
new docker.Volume(
  "certs",
  {
    name: names.volume,
    driver: "local",
    driverOpts: { type: "none", o: "bind", device: names.device },
    labels: [{ label: "owner", value: "harbor-cache" }],
  },
  { provider },
);
const image = new docker.RemoteImage("image", { name: names.image, keepLocally: true }, { provider });

export const digest = image.repoDigest;
