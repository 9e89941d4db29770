/** What Harbor does to itself on schedule, and its own settings. Crons have six fields, seconds first (quirk 48). */
import * as pulumi from "@pulumi/pulumi";

export interface GarbageCollectionArgs {
  schedule: pulumi.Input<string>;
  /** Delete artifacts without a tag, as those pulled by digest are: default false. */
  deleteUntagged?: pulumi.Input<boolean>;
  /** 1 to 10, default 1. */
  workers?: pulumi.Input<number>;
}

/** Frees the space of deleted artifacts. Its id is `gc`. */
export class GarbageCollection extends pulumi.CustomResource {
  constructor(name: string, args: GarbageCollectionArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:GarbageCollection", name, { ...args }, opts);
  }
}

export interface PurgeAuditLogArgs {
  schedule: pulumi.Input<string>;
  /** Hours that entries are kept, 1 to 240000. */
  auditRetentionHour: pulumi.Input<number>;
  /** `create_artifact`, `pull_artifact`, `delete_artifact`, … */
  includeEventTypes: pulumi.Input<pulumi.Input<string>[]>;
}

/** Deletes old entries of the audit log. Its id is `purge-audit`. */
export class PurgeAuditLog extends pulumi.CustomResource {
  constructor(name: string, args: PurgeAuditLogArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:PurgeAuditLog", name, { ...args }, opts);
  }
}

export interface ScanAllArgs {
  schedule: pulumi.Input<string>;
}

/** Scans everything for vulnerabilities. Needs a scanner. Its id is `scan-all`. */
export class ScanAll extends pulumi.CustomResource {
  constructor(name: string, args: ScanAllArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:ScanAll", name, { ...args }, opts);
  }
}

export interface SystemSettingsArgs {
  /** Nothing can be pushed, cached or changed, default false. */
  readOnly?: pulumi.Input<boolean>;
  /** Minutes, default 60. */
  sessionTimeout?: pulumi.Input<number>;
  /** Minutes that a token for pulls and pushes holds, default 30. */
  tokenExpiration?: pulumi.Input<number>;
  /** Who may make projects, default `everyone`. */
  projectCreationRestriction?: pulumi.Input<"everyone" | "adminonly">;
  /** Days of a robot that doesn't say, default 30. */
  robotTokenDuration?: pulumi.Input<number>;
  /** Default `robot$`. */
  robotNamePrefix?: pulumi.Input<string>;
  /** Bytes of a project that doesn't say, default -1: without limit. */
  storagePerProject?: pulumi.Input<number>;
  /** Default false. */
  scannerSkipUpdatePulltime?: pulumi.Input<boolean>;
  bannerMessage?: pulumi.Input<{
    message: pulumi.Input<string>;
    /** Default `warning`. */
    type?: pulumi.Input<"success" | "info" | "warning" | "danger">;
    /** Default false. */
    closable?: pulumi.Input<boolean>;
    /** `MM/DD/YYYY` */
    fromDate?: pulumi.Input<string>;
    toDate?: pulumi.Input<string>;
  }>;
}

/** Harbor's own settings; what isn't named stays as it is. Its id is `system`. */
export class SystemSettings extends pulumi.CustomResource {
  constructor(name: string, args: SystemSettingsArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:SystemSettings", name, { ...args }, opts);
  }
}
