/** What a program may ask without making anything. A failure rejects; whoever only reports catches it. */
import * as pulumi from "@pulumi/pulumi";

import type { SshTarget } from "./host.ts";

export interface SystemInfo {
  /** `2.15.2` */
  readonly version: string;
  readonly externalUrl: string;
  readonly authMode: string;
  readonly readOnly: boolean;
}

/** What Harbor says of itself. */
export function getSystemInfo(opts: pulumi.InvokeOptions): Promise<SystemInfo> {
  return pulumi.runtime.invoke("harborcache:harbor:getSystemInfo", {}, opts);
}

export interface Statistics {
  readonly projects: number;
  readonly repositories: number;
  /** Bytes of all projects together. */
  readonly storageBytes: number;
}

/** How much Harbor holds. */
export function getStatistics(opts: pulumi.InvokeOptions): Promise<Statistics> {
  return pulumi.runtime.invoke("harborcache:harbor:getStatistics", {}, opts);
}

export interface FoundProject {
  readonly name: string;
  readonly projectId: number;
  readonly public: boolean;
  /** Absent for an ordinary project. */
  readonly registryId?: number;
  readonly metadata: Record<string, string>;
}

/** A project by its name; an error where there is none. */
export function getProject(
  args: { readonly name: string },
  opts: pulumi.InvokeOptions,
): Promise<FoundProject> {
  return pulumi.runtime.invoke("harborcache:harbor:getProject", args, opts);
}

export interface FoundRegistry {
  readonly registryId: number;
  readonly name: string;
  readonly providerName: string;
  readonly endpointUrl: string;
  readonly status: string;
}

/** A registry endpoint by its name; an error where there is none. */
export function getRegistry(
  args: { readonly name: string },
  opts: pulumi.InvokeOptions,
): Promise<FoundRegistry> {
  return pulumi.runtime.invoke("harborcache:harbor:getRegistry", args, opts);
}

export interface PullQuotaArgs {
  /** Of the image that is asked for, default `https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest`. */
  readonly url?: string;
  /** Default: as anonymous, whose quota is that of the asker's address. */
  readonly username?: string;
  readonly password?: string;
  /** Ask from this machine, through its SSH server. Default: from here. */
  readonly from?: pulumi.Unwrap<SshTarget>;
}

export interface PullQuota {
  /** Pulls in one window; -1 where the registry names no limit. */
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds: number;
}

/** How many pulls Docker Hub still allows; asking counts as none (HEAD). */
export function getPullQuota(args: PullQuotaArgs, opts: pulumi.InvokeOptions = {}): Promise<PullQuota> {
  return pulumi.runtime.invoke("harborcache:harbor:getPullQuota", args, opts);
}
