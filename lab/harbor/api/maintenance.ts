/** `/system/gc` and `/system/purgeaudit`: garbage collection and the purge of audit logs, and what is scheduled at all. */
import type { App } from "../app.ts";
import { HarborError, panic } from "../harbor-error.ts";
import type { Schedule } from "../operations-tables.ts";
import type { Route } from "./call.ts";
import { admin } from "./call.ts";
import { omitEmpty } from "./go-json.ts";
import type { Job, Parameters, ScheduleRequest } from "./job-schedule.ts";
import { jobRoutes } from "./job-schedule.ts";
import { listReply } from "./list.ts";

const MAX_WORKERS = 10;
/** Hours that a blob stays untouched at least. */
const TIME_WINDOW = 2;

const garbageCollection: Job = {
  path: "/system/gc",
  vendorType: "GARBAGE_COLLECTION",
  resource: "garbage-collection",
  cronWords: "scheduled gc",
  runWords: "garbage collection execution",
  check: ({ schedule, parameters }) => {
    // Real Harbor dereferences nil here.
    if (schedule === undefined) throw panic();
    const { workers } = parameters;
    if (typeof workers === "number" && (workers <= 0 || workers > MAX_WORKERS)) {
      const range = `Workers must be greater than 0 and less than or equal to ${MAX_WORKERS}.`;
      throw new HarborError(400, `Error: Invalid number of workers:${workers}. ${range}`);
    }
    return schedule;
  },
  scheduled: collection,
  ran: (parameters) => ({
    ...collection(parameters),
    dry_run: parameters["dry_run"] === true,
    freed_space: 0,
    purged_blobs: 0,
    purged_manifests: 0,
    time_window: TIME_WINDOW,
  }),
};

const auditLogPurge: Job = {
  path: "/system/purgeaudit",
  vendorType: "PURGE_AUDIT_LOG",
  resource: "purge-audit",
  cronWords: "scheduled log rotation purge",
  runWords: "execution",
  check: (request) => {
    const { schedule } = request;
    const missing = missingForPurge(request);
    if (schedule === undefined || missing !== undefined) {
      throw new HarborError(400, `bad request: ${missing ?? ""}`);
    }
    return schedule;
  },
  scheduled: purge,
  ran: purge,
};

/** `dry_run` isn't kept for a schedule. */
function collection({ delete_untagged, delete_tag, workers }: Parameters): Record<string, unknown> {
  return {
    delete_tag: delete_tag === true,
    delete_untagged: delete_untagged === true,
    workers: typeof workers === "number" ? workers : 0,
  };
}

function purge({ audit_retention_hour, dry_run, include_event_types }: Parameters): Record<string, unknown> {
  return { audit_retention_hour, dry_run, include_event_types };
}

function missingForPurge({ schedule, parameters }: ScheduleRequest): string | undefined {
  if (schedule === undefined) return "schedule cann't be empty";
  if (Object.keys(parameters).length === 0) return "schedule parameter cann't be empty";
  const missing = ["audit_retention_hour", "include_event_types"].find((key) => !(key in parameters));
  return missing && `${missing} should provide`;
}

export function maintenanceRoutes(app: App): Route[] {
  return [
    ...jobRoutes(app, garbageCollection),
    ...jobRoutes(app, auditLogPurge),
    {
      method: "GET",
      path: "/schedules",
      handle: (call) => {
        admin(call);
        const columns = { id: (schedule: Schedule) => schedule.id };
        return listReply(
          call,
          app.state.schedules,
          columns,
          "id",
          ({ id, vendorType, vendorId, cron, updated }) =>
            omitEmpty({ id, vendor_type: vendorType, vendor_id: vendorId, cron, update_time: updated }),
        );
      },
    },
  ];
}
