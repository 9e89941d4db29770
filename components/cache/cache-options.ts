/** How a cache behaves, in Harbor's terms. */
import type { CacheOptions } from "../../config/settings.ts";
import type { RetentionRule } from "../../provider/sdk.ts";

/** Harbor's own is 7, which a node that restarts after a quiet week would pay for. */
const KEEP_DAYS = 30;
/** Below this an image that one rollout brought is gone before the next. */
const FEW_DAYS = 7;

/** Metadata of a proxy-cache project; values are strings there. Only what is set. */
export function cacheMetadata(options: CacheOptions): Record<string, string> {
  const { localOnNotFound, speedKb, maxUpstreamConnections, scanOnPull, blockSeverity } = options;
  return {
    ...(localOnNotFound !== undefined && { proxy_cache_local_on_not_found: String(localOnNotFound) }),
    ...(speedKb !== undefined && { proxy_speed_kb: String(speedKb) }),
    ...(maxUpstreamConnections !== undefined && { max_upstream_conn: String(maxUpstreamConnections) }),
    ...(scanOnPull !== undefined && { auto_scan: String(scanOnPull) }),
    ...(blockSeverity !== undefined && { prevent_vul: "true", severity: blockSeverity }),
  };
}

/** What is kept; artifacts without a tag too, as those that were pulled by digest. */
export function cacheRetention({ keepDays = KEEP_DAYS }: CacheOptions): RetentionRule {
  return keepDays === "forever" ? { alwaysRetain: true } : { nDaysSinceLastPull: keepDays };
}

/** What people should know before they keep less than Harbor itself would. */
export function retentionWarning(registry: string, { keepDays }: CacheOptions): string | undefined {
  if (typeof keepDays !== "number" || keepDays >= FEW_DAYS) return undefined;
  return (
    `The cache of ${registry} keeps an image for ${keepDays} days after its last pull (keepDays): what nodes hold and ` +
    "don't pull in that time goes, and is not there when they need it again."
  );
}
