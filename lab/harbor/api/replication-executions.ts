/** `/replication/executions`: runs of replication policies. */
import { z } from "zod";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import { statusOf } from "../jobs.ts";
import type { Execution } from "../operations-tables.ts";
import { REPLICATION, startReplication } from "../replication-runs.ts";
import { NEVER } from "../store.ts";
import type { Route } from "./call.ts";
import { bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { listReply } from "./list.ts";
import { findReplicationPolicy } from "./replication.ts";

const startBody = z.object({ policy_id: int64.nullish() });

const STATUSES = { Running: "InProgress", Success: "Succeed", Error: "Failed" } as const;
const TRIGGERS = { MANUAL: "manual", EVENT: "event_based", SCHEDULE: "scheduled" } as const;

const columns = {
  id: (execution: Execution) => execution.id,
  start_time: (execution: Execution) => execution.started,
};

export function replicationExecutionRoutes(app: App): Route[] {
  const show = (execution: Execution) => {
    const { failed, tasks } = execution;
    const status = STATUSES[statusOf(app, execution)];
    return {
      id: execution.id,
      policy_id: execution.vendorId,
      trigger: TRIGGERS[execution.trigger],
      status,
      status_text: tasks === 0 ? "no resources need to be replicated" : "",
      total: tasks,
      succeed: failed ? 0 : tasks,
      failed: failed ? tasks : 0,
      in_progress: 0,
      stopped: 0,
      start_time: execution.started,
      end_time: status === "InProgress" ? NEVER : execution.ends,
    };
  };
  const runs = (): Execution[] => app.state.executions.filter(({ vendorType }) => vendorType === REPLICATION);

  return [
    {
      method: "POST",
      path: "/replication/executions",
      handle: (call) => {
        const body = bodyOf(call, startBody, "execution", { "": "StartReplicationExecution" });
        systemAccess(call, "replication:create");
        const policy = findReplicationPolicy(app, body.policy_id ?? 0);
        if (!policy.enabled) throw new HarborError(412, `the policy ${policy.id} is disabled`);
        const byCron = call.query.get("trigger") === "scheduled";
        const { id } = startReplication(app, policy, byCron ? "SCHEDULE" : "MANUAL");
        return { status: 201, headers: { Location: `/api/v2.0/replication/executions/${id}` } };
      },
    },
    {
      method: "GET",
      path: "/replication/executions",
      handle: (call) => {
        systemAccess(call, "replication:list");
        const wanted = (["policy_id", "status", "trigger"] as const).flatMap((key) => {
          const value = call.query.get(key);
          return value === null ? [] : [[key, value] as const];
        });
        const found = runs().filter((execution) => {
          const shown = show(execution);
          return wanted.every(([key, value]) => String(shown[key]) === value);
        });
        return listReply(call, found, columns, "-id", show);
      },
    },
    {
      method: "GET",
      path: "/replication/executions/{id}",
      handle: (call) => {
        const id = idParam(call);
        systemAccess(call, "replication:read");
        const execution = runs().find((candidate) => candidate.id === id);
        if (execution === undefined) throw new HarborError(404, `replication execution ${id} not found`);
        return { status: 200, json: show(execution) };
      },
    },
  ];
}
