/** `/retentions`: which artifacts of a project stay. A project has one policy at most. */
import { z } from "zod";
import type { App } from "../app.ts";
import { cronProblem, nextRun } from "../cron.ts";
import type { Reply } from "../exchange.ts";
import { HarborError, internalError, panic } from "../harbor-error.ts";
import { addExecution, addPolicySchedule, removeSchedules, statusOf } from "../jobs.ts";
import type { Execution, Retention } from "../operations-tables.ts";
import { NEVER, removeWhere } from "../store.ts";
import type { Call, Permission, Route } from "./call.ts";
import { bodyOf, idParam, int64 } from "./call.ts";
import { omitEmpty } from "./go-json.ts";
import { listReply } from "./list.ts";
import { permitted } from "./project-access.ts";
import { storedRule, tagRule } from "./tag-rules.ts";

const VENDOR = "RETENTION";
const MAX_RULES = 15;

const policyBody = z.object({
  algorithm: z.string().nullish(),
  rules: z.array(tagRule).nullish(),
  trigger: z
    .object({
      kind: z.string().nullish(),
      settings: z.object({ cron: z.string().nullish() }).nullish(),
    })
    .nullish(),
  scope: z.object({ level: z.string().nullish(), ref: int64.nullish() }).nullish(),
});
const executionBody = z.object({ dry_run: z.boolean().nullish() });
const MODELS = { "": "RetentionPolicy", trigger: "RetentionRuleTrigger", scope: "RetentionPolicyScope" };

type Settings = Omit<Retention, "id">;

/** The policy that Harbor gives a proxy-cache project: what was pulled in the last seven days stays. */
export function addDefaultRetention(app: App, projectId: number): number {
  const everything = (decoration: string) => [{ decoration, kind: "doublestar", pattern: "**" }];
  const rule = {
    id: 1,
    priority: 1,
    action: "retain",
    template: "nDaysSinceLastPull",
    params: { nDaysSinceLastPull: 7 },
    scope_selectors: { repository: everything("repoMatches") },
    tag_selectors: everything("matches"),
  };
  const trigger = { kind: "Schedule", cron: "0 0 0 * * *" };
  return add(app, { projectId, algorithm: "or", rules: [rule], trigger });
}

/** What goes with a project. Harbor does this in passing and only logs that it couldn't. */
export function removeRetentionOf(app: App, projectId: number): void {
  if (app.isDown("jobservice")) return;
  for (const { id } of app.state.retentions.filter((policy) => policy.projectId === projectId)) {
    remove(app, id);
  }
}

function add(app: App, settings: Settings): number {
  const id = app.store.next("retention");
  const cron = cronOf(settings);
  if (cron !== "") addPolicySchedule(app, VENDOR, id, cron);
  app.state.retentions.push({ ...settings, id });
  return id;
}

function remove(app: App, id: number): void {
  removeSchedules(app, VENDOR, id);
  removeWhere(app.state.retentions, (policy) => policy.id === id);
}

export function retentionRoutes(app: App): Route[] {
  const { state } = app;
  const projectOf = (id: number) => state.projects.find((project) => project.id === id);
  const find = (id: number): Retention | undefined => state.retentions.find((policy) => policy.id === id);

  function findPermitted(call: Call, permission: Permission): Retention {
    const id = idParam(call);
    const policy = find(id);
    if (policy === undefined) throw badRequest(`no such Retention policy with id ${id}`);
    permitted(call, projectOf(policy.projectId), permission);
    return policy;
  }

  function read(call: Call): Reply {
    const policy = find(idParam(call));
    if (policy === undefined) throw internalError();
    permitted(call, projectOf(policy.projectId), "tag-retention:read");
    return { status: 200, json: show(app, policy) };
  }

  function create(call: Call): Reply {
    const settings = parse(call);
    const project = permitted(call, projectOf(settings.projectId), "tag-retention:create");
    if (project === undefined) throw badRequest(`invalid Project id ${settings.projectId}`);
    const known = project.metadata["retention_id"];
    if (known !== undefined) {
      throw badRequest(`project ${project.id} already has retention policy ${known}`);
    }
    checkCron(settings);
    const id = add(app, settings);
    project.metadata["retention_id"] = String(id);
    return { status: 201, headers: { Location: `/api/v2.0/retentions/${id}` } };
  }

  function update(call: Call): Reply {
    const id = idParam(call);
    const settings = parse(call);
    const project = permitted(call, projectOf(settings.projectId), "tag-retention:update");
    const policy = find(id);
    if (policy === undefined || project?.metadata["retention_id"] !== String(id)) {
      throw new HarborError(404, `resource not found: the retention policy id ${id} does not match`);
    }
    checkCron(settings);
    const [before, now] = [cronOf(policy), cronOf(settings)];
    if (before !== now) {
      removeSchedules(app, VENDOR, id);
      if (now !== "") addPolicySchedule(app, VENDOR, id, now);
    }
    Object.assign(policy, settings);
    return { status: 200 };
  }

  function removeOne(call: Call): Reply {
    const { id, projectId } = findPermitted(call, "tag-retention:delete");
    remove(app, id);
    const project = projectOf(projectId);
    if (project !== undefined) {
      const others = Object.entries(project.metadata).filter(([key]) => key !== "retention_id");
      project.metadata = Object.fromEntries(others);
    }
    return { status: 200 };
  }

  function run(call: Call): Reply {
    const body = bodyOf(call, executionBody, "body", { "": "TriggerRetentionExecutionBody" });
    const { id, projectId } = findPermitted(call, "tag-retention:update");
    const execution = addExecution(app, {
      vendorType: VENDOR,
      vendorId: id,
      trigger: "MANUAL",
      attributes: { dry_run: body.dry_run ?? false },
      tasks: state.repositories.filter((repository) => repository.projectId === projectId).length,
    });
    return {
      status: 201,
      headers: { Location: `/api/v2.0/retentions/${id}/executions/${execution.id}` },
    };
  }

  const showExecution = (execution: Execution): object => {
    const status = statusOf(app, execution);
    return omitEmpty({
      dry_run: execution.attributes["dry_run"],
      end_time: status === "Running" ? NEVER : execution.ends,
      id: execution.id,
      policy_id: execution.vendorId,
      start_time: execution.started,
      status,
      trigger: execution.trigger,
    });
  };

  return [
    { method: "POST", path: "/retentions", handle: create },
    { method: "GET", path: "/retentions/{id}", handle: read },
    { method: "PUT", path: "/retentions/{id}", handle: update },
    { method: "DELETE", path: "/retentions/{id}", handle: removeOne },
    { method: "POST", path: "/retentions/{id}/executions", handle: run },
    {
      method: "GET",
      path: "/retentions/{id}/executions",
      handle: (call) => {
        const { id } = findPermitted(call, "tag-retention:list");
        const runs = state.executions.filter(
          ({ vendorType, vendorId }) => vendorType === VENDOR && vendorId === id,
        );
        return listReply(call, runs, { id: (execution: Execution) => execution.id }, "-id", showExecution);
      },
    },
  ];
}

function parse(call: Call): Settings {
  const { trigger, scope, ...body } = bodyOf(call, policyBody, "policy", MODELS);
  // Real Harbor dereferences nil here.
  if (!trigger || !scope) throw panic();
  const rules = (body.rules ?? []).map(storedRule);
  if (rules.length > MAX_RULES) throw badRequest(`only ${MAX_RULES} rules are allowed at most`);
  refuseDoubles(rules);
  if (scope.level !== "project") throw badRequest(`scope ${scope.level ?? ""} is not support`);
  return {
    projectId: scope.ref ?? 0,
    algorithm: body.algorithm ?? "",
    rules,
    trigger: { kind: trigger.kind ?? "", cron: trigger.settings?.cron ?? "" },
  };
}

function refuseDoubles(rules: readonly Record<string, unknown>[]): void {
  const texts = rules.map((rule) => JSON.stringify({ ...rule, id: undefined }));
  for (const [position, text] of texts.entries()) {
    const first = texts.indexOf(text);
    if (first < position) {
      throw new HarborError(409, `resource conflict: rule ${position} is conflict with rule ${first}`);
    }
  }
}

function cronOf({ trigger }: Settings): string {
  return trigger.kind === "Schedule" ? trigger.cron : "";
}

function checkCron(settings: Settings): void {
  const cron = cronOf(settings);
  const problem = cron === "" ? undefined : cronProblem(cron);
  if (problem === undefined) return;
  const message = `invalid cron string for scheduled tag retention: ${cron}, error: ${problem}`;
  throw new HarborError(400, message);
}

function badRequest(problem: string): HarborError {
  return new HarborError(400, `bad request: ${problem}`);
}

function show(app: App, policy: Retention): object {
  const { trigger } = policy;
  const cron = cronOf(policy);
  const next = cron === "" ? undefined : nextRun(cron, new Date(app.now()));
  return {
    algorithm: policy.algorithm,
    id: policy.id,
    rules: policy.rules,
    scope: { level: "project", ref: policy.projectId },
    trigger: {
      kind: trigger.kind,
      settings: {
        cron: trigger.cron,
        ...(next === undefined ? {} : { next_scheduled_time: next.toISOString() }),
      },
    },
  };
}
