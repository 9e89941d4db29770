import type * as pulumi from "@pulumi/pulumi";

import type { Settings } from "../../config/settings.ts";
import { ExistingHost } from "./existing-host.ts";
import type { Host } from "./host.ts";

/** The machine that the settings name. @pulumi/aws takes most of a second to load: only a stack on AWS waits for it. */
export async function hostFor(
  name: string,
  { machine, ...settings }: Settings,
  opts?: pulumi.ComponentResourceOptions,
): Promise<Host> {
  switch (machine.type) {
    case "existing":
      return new ExistingHost(name, { machine }, opts);
    case "aws": {
      const { AwsHost } = await import("./aws-host.ts");
      return new AwsHost(name, { machine, ...settings }, opts);
    }
  }
}
