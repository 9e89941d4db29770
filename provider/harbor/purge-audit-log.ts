/** `harborcache:harbor:PurgeAuditLog`: when old entries of the audit log go. Its id is `purge-audit`. */
import { z } from "zod";
import { cron } from "./cron.ts";
import { AUDIT_EVENTS, oneOfEvents } from "./event-types.ts";
import { harborSetting } from "./harbor-setting.ts";
import { getJobSchedule, removeJobSchedule, setJobSchedule } from "./job-schedule.ts";

const PATH = "/system/purgeaudit/schedule";

const eventType = oneOfEvents(AUDIT_EVENTS);

const parameters = z.object({
  audit_retention_hour: z.int().default(0),
  include_event_types: z
    .string()
    .default("")
    .transform((types) => types.split(",").filter((type) => type !== "")),
});

const shape = {
  schedule: cron,
  auditRetentionHour: z
    .int("must be a whole number of hours")
    .min(1, "must be at least 1 hour")
    .max(240_000, "must be at most 240000 hours"),
  includeEventTypes: z.array(eventType).min(1, "must name at least one type"),
};

const toParameters = (hours: number, types: readonly string[]) => ({
  audit_retention_hour: hours,
  include_event_types: types.join(","),
  dry_run: false,
});

export const purgeAuditLog = harborSetting({
  type: "harborcache:harbor:PurgeAuditLog",
  what: "purge of the audit log",
  shape,
  outputs: [],
  id: () => "purge-audit",
  async get(harbor) {
    const found = await getJobSchedule(harbor, PATH);
    if (found === undefined) return undefined;
    const { audit_retention_hour: auditRetentionHour, include_event_types: includeEventTypes } =
      parameters.parse(found.parameters);
    return { schedule: found.cron, auditRetentionHour, includeEventTypes };
  },
  async apply(harbor, _id, { schedule, auditRetentionHour, includeEventTypes }) {
    await setJobSchedule(harbor, PATH, schedule, toParameters(auditRetentionHour, includeEventTypes));
  },
  async reset(harbor) {
    // Without parameters Harbor refuses even the removal (quirk 49).
    await removeJobSchedule(harbor, PATH, toParameters(1, AUDIT_EVENTS));
    return undefined;
  },
});
