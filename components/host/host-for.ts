import type * as pulumi from "@pulumi/pulumi";

import type { Settings } from "../../config/settings.ts";
import { AwsHost } from "./aws-host.ts";
import { ExistingHost } from "./existing-host.ts";
import type { Host } from "./host.ts";

/** The machine that the settings name. */
export function hostFor(
  name: string,
  { machine, ...settings }: Settings,
  opts?: pulumi.ComponentResourceOptions,
): Host {
  switch (machine.type) {
    case "existing":
      return new ExistingHost(name, { machine }, opts);
    case "aws":
      return new AwsHost(name, { machine, ...settings }, opts);
  }
}
