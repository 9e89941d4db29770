/** What jobservice does in Harbor: schedules, and runs that take a while. */
import type { App } from "./app.ts";
import { internalError } from "./harbor-error.ts";
import type { Execution, Schedule } from "./operations-tables.ts";
import { removeWhere } from "./store.ts";

/** Adds a schedule; Harbor's answer is a 500 while jobservice is down. */
export function addSchedule(app: App, given: Omit<Schedule, "id" | "created" | "updated">): Schedule {
  if (app.isDown("jobservice")) throw internalError();
  const at = app.now();
  const schedule = { ...given, id: app.store.next("schedule"), created: at, updated: at };
  // Each schedule is an execution of its own in Harbor and uses up an id.
  app.store.next("execution");
  app.state.schedules.push(schedule);
  return schedule;
}

/** Schedules of a kind of policy run by one of them. */
export function addPolicySchedule(app: App, vendorType: string, vendorId: number, cron: string): void {
  addSchedule(app, { vendorType, vendorId, type: "", cron, parameters: {} });
}

export function findSchedule(app: App, vendorType: string): Schedule | undefined {
  return app.state.schedules.find((schedule) => schedule.vendorType === vendorType);
}

/** Takes the schedules of this kind away, or one policy's. */
export function removeSchedules(app: App, vendorType: string, vendorId?: number): void {
  const gone = (schedule: Schedule): boolean =>
    schedule.vendorType === vendorType && (vendorId === undefined || schedule.vendorId === vendorId);
  if (!app.state.schedules.some(gone)) return;
  if (app.isDown("jobservice")) throw internalError();
  removeWhere(app.state.schedules, gone);
}

/** Starts a run. One that jobservice is down for has failed at once. */
export function addExecution(
  app: App,
  given: Pick<Execution, "vendorType" | "vendorId" | "trigger" | "attributes" | "tasks">,
): Execution {
  const started = app.now();
  const failed = app.isDown("jobservice");
  const takes = failed || given.tasks === 0 ? 0 : app.cachingDelayMs;
  const execution = {
    ...given,
    id: app.store.next("execution"),
    failed,
    started,
    ends: new Date(Date.parse(started) + takes).toISOString(),
  };
  app.state.executions.push(execution);
  return execution;
}

export function isOver(app: App, execution: Execution): boolean {
  return execution.ends <= app.now();
}

/** In Harbor's own words; replication has others. */
export function statusOf(app: App, execution: Execution): "Running" | "Success" | "Error" {
  if (!isOver(app, execution)) return "Running";
  return execution.failed ? "Error" : "Success";
}
