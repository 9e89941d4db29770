import type * as pulumi from "@pulumi/pulumi";
import { RunError } from "@pulumi/pulumi";

import type { Machine } from "../../config/settings.ts";
import { ExistingHost } from "./existing-host.ts";
import type { Host } from "./host.ts";

/** The machine that the settings name. */
export function hostFor(name: string, machine: Machine, opts?: pulumi.ComponentResourceOptions): Host {
  switch (machine.type) {
    case "existing":
      return new ExistingHost(name, { machine }, opts);
    case "aws":
      throw new RunError(
        "harbor-cache:machine.type: `aws` is checked but can't be provisioned yet; use `existing` with a machine " +
          "that you have made",
      );
  }
}
