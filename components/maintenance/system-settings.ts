/** Harbor's own settings. Read-only mode, which is one of them, forbids all other changes: it ends before them and begins after them. */
import type * as pulumi from "@pulumi/pulumi";

import type { MaintenanceSettings } from "../../config/settings.ts";
import { SystemSettings } from "../../provider/sdk.ts";
import type { Provider, SystemSettingsArgs } from "../../provider/sdk.ts";

export interface SystemArgs {
  readonly settings: MaintenanceSettings;
  /** Harbor's administrator: nobody else may change them. */
  readonly admin: Provider;
  /** What Harbor lives in; where that is destroyed too, they need not be taken back. */
  readonly harbor: pulumi.Resource;
}

/** What everything else in Harbor waits for: nothing where it begins read-only mode, or where none is named. */
export function settingsFirst(args: SystemArgs): readonly pulumi.Resource[] {
  return args.settings.readOnly === true ? [] : make(args, []);
}

/** The same one, once all that changes Harbor is through. */
export function settingsLast(args: SystemArgs, after: readonly pulumi.Resource[]): void {
  if (args.settings.readOnly === true) make(args, after);
}

function make(
  { settings, admin, harbor }: SystemArgs,
  after: readonly pulumi.Resource[],
): readonly pulumi.Resource[] {
  const named = inputs(settings);
  if (Object.keys(named).length === 0) return [];
  const options = { provider: admin, deletedWith: harbor, dependsOn: [...after] };
  return [new SystemSettings("system-settings", named, options)];
}

function inputs(settings: MaintenanceSettings): SystemSettingsArgs {
  const { readOnly, sessionMinutes, tokenMinutes, projectCreation, banner } = settings;
  return {
    ...(readOnly !== undefined && { readOnly }),
    ...(sessionMinutes !== undefined && { sessionTimeout: sessionMinutes }),
    ...(tokenMinutes !== undefined && { tokenExpiration: tokenMinutes }),
    ...(projectCreation !== undefined && { projectCreationRestriction: projectCreation }),
    ...(banner !== undefined && { bannerMessage: banner }),
  };
}
