/** Schedules of Harbor's own jobs: what garbage collection and the purge of audit logs have in common. */
import { z } from "zod";
import type { App } from "../app.ts";
import { cronProblem, nextRun } from "../cron.ts";
import type { Reply } from "../exchange.ts";
import { HarborError, invalid } from "../harbor-error.ts";
import { addExecution, addSchedule, findSchedule, removeSchedules, statusOf } from "../jobs.ts";
import type { Execution, Schedule } from "../operations-tables.ts";
import { NEVER } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { bodyOf, idParam, systemAccess } from "./call.ts";
import { goJson } from "./go-json.ts";
import { listReply } from "./list.ts";

const TYPES = ["Hourly", "Daily", "Weekly", "Custom", "Manual", "None", "Schedule"];
const BY_CRON = ["Hourly", "Daily", "Weekly", "Custom"];

const scheduleBody = z.object({
  schedule: z.object({ type: z.string().nullish(), cron: z.string().nullish() }).nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
});
const MODELS = { "": "Schedule", schedule: "ScheduleObj" };

export type Parameters = Readonly<Record<string, unknown>>;

export interface ScheduleRequest {
  readonly schedule: { readonly type: string; readonly cron: string } | undefined;
  readonly parameters: Parameters;
}

export interface Job {
  /** `/system/gc` */
  readonly path: string;
  readonly vendorType: string;
  readonly resource: string;
  /** In the message of a wrong cron: `invalid cron string for scheduled gc`. */
  readonly cronWords: string;
  /** In the message of a missing run: `garbage collection execution`. */
  readonly runWords: string;
  /** Throws where a request lacks something; answers with what was asked for. */
  readonly check: (request: ScheduleRequest) => NonNullable<ScheduleRequest["schedule"]>;
  /** What is kept of the parameters, as JSON shows it. */
  readonly scheduled: (parameters: Parameters) => Record<string, unknown>;
  readonly ran: (parameters: Parameters) => Record<string, unknown>;
}

/** The body of a schedule, after the checks that are made before a handler runs. */
export function parseSchedule(call: Call): ScheduleRequest {
  const { schedule, parameters } = bodyOf(call, scheduleBody, "schedule", MODELS);
  const type = schedule?.type ?? "";
  if (type !== "" && !TYPES.includes(type)) {
    throw invalid(`validation failure list:\nschedule.type in body should be one of [${TYPES.join(" ")}]`);
  }
  return {
    schedule: schedule ? { type, cron: schedule.cron ?? "" } : undefined,
    parameters: parameters ?? {},
  };
}

export function jobRoutes(app: App, job: Job): Route[] {
  const { path, vendorType, resource } = job;
  const runs = (): Execution[] => app.state.executions.filter((run) => run.vendorType === vendorType);

  /** The id of a run that was asked for by hand; 0 for a schedule. */
  function kick(call: Call, action: "create" | "update"): number {
    const request = parseSchedule(call);
    systemAccess(call, `${resource}:${action}`);
    const { type, cron } = job.check(request);
    const { parameters } = request;
    if (type === "Manual") {
      const attributes = job.ran(parameters);
      return addExecution(app, { vendorType, vendorId: -1, trigger: "MANUAL", attributes, tasks: 1 }).id;
    }
    if (BY_CRON.includes(type)) {
      const problem = cronProblem(cron);
      if (problem !== undefined) {
        throw new HarborError(400, `invalid cron string for ${job.cronWords}: ${cron}, error: ${problem}`);
      }
    }
    // `Schedule` is allowed and does nothing.
    if (type === "None" || BY_CRON.includes(type)) removeSchedules(app, vendorType);
    if (BY_CRON.includes(type)) {
      addSchedule(app, { vendorType, vendorId: -1, type, cron, parameters: job.scheduled(parameters) });
    }
    return 0;
  }

  const showSchedule = ({ id, type, cron, parameters, created, updated }: Schedule): object => ({
    id,
    job_kind: cron,
    job_parameters: goJson(parameters),
    job_status: "Running",
    schedule: {
      type,
      cron,
      next_scheduled_time: nextRun(cron, new Date(app.now()))?.toISOString() ?? NEVER,
    },
    creation_time: created,
    update_time: updated,
  });

  const showRun = (run: Execution): object => ({
    id: run.id,
    job_name: vendorType,
    job_kind: run.trigger,
    job_parameters: goJson(run.attributes),
    job_status: statusOf(app, run),
    schedule: { type: "Manual", next_scheduled_time: NEVER },
    creation_time: run.started,
    update_time: run.ends,
  });

  return [
    {
      method: "GET",
      path: `${path}/schedule`,
      handle: (call): Reply => {
        systemAccess(call, `${resource}:read`);
        const schedule = findSchedule(app, vendorType);
        return schedule === undefined ? EMPTY : { status: 200, json: showSchedule(schedule) };
      },
    },
    {
      method: "POST",
      path: `${path}/schedule`,
      handle: (call) => ({
        status: 201,
        headers: { Location: `/api/v2.0${path}/${kick(call, "create")}` },
      }),
    },
    {
      method: "PUT",
      path: `${path}/schedule`,
      handle: (call) => {
        kick(call, "update");
        return { status: 200 };
      },
    },
    {
      method: "GET",
      path,
      handle: (call) => {
        systemAccess(call, `${resource}:list`);
        return listReply(call, runs(), { id: (run: Execution) => run.id }, "-id", showRun);
      },
    },
    {
      method: "GET",
      path: `${path}/{id}`,
      handle: (call) => {
        const id = idParam(call);
        systemAccess(call, `${resource}:read`);
        const run = runs().find((candidate) => candidate.id === id);
        if (run === undefined) throw new HarborError(404, `${job.runWords} ${id} not found`);
        return { status: 200, json: showRun(run) };
      },
    },
  ];
}

/** What is said of a schedule that isn't there: JSON by its type, but nothing in it. */
export const EMPTY: Reply = { status: 200, headers: { "Content-Type": "application/json" } };
