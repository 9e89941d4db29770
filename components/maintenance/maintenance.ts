import * as pulumi from "@pulumi/pulumi";

import type { MaintenanceSettings } from "../../config/settings.ts";
import { GarbageCollection, PurgeAuditLog, ScanAll } from "../../provider/sdk.ts";
import type { Provider } from "../../provider/sdk.ts";

export interface MaintenanceArgs {
  readonly settings: MaintenanceSettings;
  readonly provider: Provider;
  /** What Harbor lives in; where that is destroyed too, its schedules need not be taken back one by one. */
  readonly harbor: pulumi.Resource;
}

/** What Harbor does to itself on schedule. */
export class Maintenance extends pulumi.ComponentResource {
  constructor(name: string, args: MaintenanceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Maintenance", name, {}, opts);
    const { garbageCollection, auditLog, scanSchedule } = args.settings;
    const child = { parent: this, provider: args.provider, deletedWith: args.harbor };
    if (garbageCollection.enabled) {
      const { schedule, deleteUntagged, workers } = garbageCollection;
      if (deleteUntagged) {
        const harm =
          "images that nodes pull by digest have no tag in the cache, and go with the next run, however fresh they are";
        void pulumi.log.warn(`harbor-cache:maintenance.garbageCollection.deleteUntagged: ${harm}.`, this);
      }
      new GarbageCollection(`${name}-gc`, { schedule, deleteUntagged, workers }, child);
    }
    if (auditLog.enabled) {
      const purge = {
        schedule: auditLog.schedule,
        auditRetentionHour: auditLog.keepDays * 24,
        includeEventTypes: [...auditLog.events],
      };
      new PurgeAuditLog(`${name}-audit-log`, purge, child);
    }
    if (scanSchedule !== undefined) new ScanAll(`${name}-scan`, { schedule: scanSchedule }, child);
    this.registerOutputs({});
  }
}
