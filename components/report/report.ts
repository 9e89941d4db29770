import * as pulumi from "@pulumi/pulumi";

import type { MaintenanceSettings, RegistrySettings } from "../../config/settings.ts";
import { getPullQuota, getStatistics, getSystemInfo } from "../../provider/sdk.ts";
import type { Provider, PullQuota, SshTarget } from "../../provider/sdk.ts";

export interface ReportArgs {
  readonly settings: MaintenanceSettings;
  readonly registries: readonly RegistrySettings[];
  /** Harbor's administrator. */
  readonly admin: Provider;
  /** The machine that Harbor's pulls come from. */
  readonly machine: SshTarget;
  /** Known when everything is made. */
  readonly ready: pulumi.Output<unknown>;
}

/** How Harbor is after an up. */
export interface HarborReport {
  readonly version: string;
  readonly projects: number;
  readonly repositories: number;
  readonly storageGiB: number;
}

const GIB = 2 ** 30;

/** What Harbor says of itself; null where it could not be asked. Not known at a preview, which asks nobody. */
export function harborReport({ admin, ready }: ReportArgs): pulumi.Output<HarborReport | null> {
  const opts = { provider: admin };
  return duringUp(ready, "Harbor's own figures", async () => {
    const [{ version }, statistics] = await Promise.all([getSystemInfo(opts), getStatistics(opts)]);
    const { projects, repositories, storageBytes } = statistics;
    return { version, projects, repositories, storageGiB: Math.round((storageBytes / GIB) * 10) / 10 };
  });
}

/**
 * How many pulls Docker Hub still allows Harbor: its account where it has one, else its address, which the machine itself
 * asks for. Null without docker.io, and where it could not be asked.
 */
export function pullQuota(args: ReportArgs): pulumi.Output<PullQuota | null> {
  const { enabled, warnBelow, url } = args.settings.pullQuota;
  const hub = args.registries.find(({ name }) => name === "docker.io");
  if (!enabled || hub === undefined) return pulumi.output(null);
  const asker = pulumi.output(hub.credentials ?? { from: args.machine });
  return duringUp(pulumi.all([asker, args.ready]), "Docker Hub's pull quota", async ([who]) => {
    const quota = await getPullQuota({ ...who, ...(url !== undefined && { url }) });
    if (quota.limit !== -1 && quota.remaining < warnBelow)
      await pulumi.log.warn(quotaWarning(quota, hub.credentials !== undefined));
    return quota;
  });
}

/** What to do when Docker Hub is about to refuse pulls. */
function quotaWarning({ limit, remaining, windowSeconds }: PullQuota, withAccount: boolean): string {
  const remedy = withAccount
    ? "Use an account with a larger plan, or look for what pulls so much: Harbor's log shows it."
    : "Give docker.io credentials (harbor-cache:registries): an account is allowed more than an address.";
  return (
    `Docker Hub allows Harbor ${remaining} more pulls of ${limit} in ${Math.round(windowSeconds / 3600)} hours. What is cached ` +
    `is served all the same. ${remedy}`
  );
}

/** A report that fails is no failure of the up, and no secret, though it may be asked with some. */
function duringUp<T, R>(
  known: pulumi.Output<T>,
  what: string,
  ask: (value: pulumi.Unwrap<T>) => Promise<R>,
): pulumi.Output<R | null> {
  const atUpOnly: unknown = pulumi.runtime.isDryRun() ? pulumi.unknown : undefined;
  const asking = async ([value]: [pulumi.Unwrap<T>, unknown]): Promise<R | null> => {
    try {
      return await ask(value);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await pulumi.log.info(`${what} could not be asked for: ${reason}`);
      return null;
    }
  };
  return pulumi.unsecret(pulumi.all([known, pulumi.output(atUpOnly)])).apply<R | null>(asking);
}
