import * as pulumi from "@pulumi/pulumi";

import type { MaintenanceSettings } from "../../config/settings.ts";
import { GarbageCollection, PurgeAuditLog, ScanAll, SystemSettings } from "../../provider/sdk.ts";
import type { Provider, SystemSettingsArgs } from "../../provider/sdk.ts";

export interface MaintenanceArgs {
  readonly settings: MaintenanceSettings;
  readonly provider: Provider;
  /** Harbor's own settings are its administrator's alone. */
  readonly admin: Provider;
  /** What Harbor lives in; where that is destroyed too, its schedules need not be taken back one by one. */
  readonly harbor: pulumi.Resource;
  /** Made before Harbor's own settings, of which one forbids every change. */
  readonly after: readonly pulumi.Resource[];
}

/** What Harbor does to itself on schedule, and its own settings. */
export class Maintenance extends pulumi.ComponentResource {
  constructor(name: string, args: MaintenanceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Maintenance", name, {}, opts);
    const { garbageCollection, auditLog, scanSchedule } = args.settings;
    const child = { parent: this, provider: args.provider, deletedWith: args.harbor };
    const made: pulumi.Resource[] = [];
    if (garbageCollection.enabled) {
      const { schedule, deleteUntagged, workers } = garbageCollection;
      if (deleteUntagged) {
        const harm =
          "images that nodes pull by digest have no tag in the cache, and go with the next run, however fresh they are";
        void pulumi.log.warn(`harbor-cache:maintenance.garbageCollection.deleteUntagged: ${harm}.`, this);
      }
      made.push(new GarbageCollection(`${name}-gc`, { schedule, deleteUntagged, workers }, child));
    }
    if (auditLog.enabled) {
      const purge = {
        schedule: auditLog.schedule,
        auditRetentionHour: auditLog.keepDays * 24,
        includeEventTypes: [...auditLog.events],
      };
      made.push(new PurgeAuditLog(`${name}-audit-log`, purge, child));
    }
    if (scanSchedule !== undefined) made.push(new ScanAll(`${name}-scan`, { schedule: scanSchedule }, child));
    const system = systemSettings(args.settings);
    if (Object.keys(system).length > 0) {
      new SystemSettings(`${name}-system`, system, {
        ...child,
        provider: args.admin,
        dependsOn: [...args.after, ...made],
      });
    }
    this.registerOutputs({});
  }
}

function systemSettings(settings: MaintenanceSettings): SystemSettingsArgs {
  const { readOnly, sessionMinutes, tokenMinutes, projectCreation, banner } = settings;
  return {
    ...(readOnly !== undefined && { readOnly }),
    ...(sessionMinutes !== undefined && { sessionTimeout: sessionMinutes }),
    ...(tokenMinutes !== undefined && { tokenExpiration: tokenMinutes }),
    ...(projectCreation !== undefined && { projectCreationRestriction: projectCreation }),
    ...(banner !== undefined && { bannerMessage: banner }),
  };
}
