/** `/scanners`, the schedule of scanning all images, and the CVEs that count nowhere. */
import { z } from "zod";
import { readAll, send } from "../../upstream/http-client.ts";
import type { App } from "../app.ts";
import { cronProblem } from "../cron.ts";
import type { Reply } from "../exchange.ts";
import { HarborError, internalError, panic } from "../harbor-error.ts";
import { addExecution, addSchedule, findSchedule, removeSchedules } from "../jobs.ts";
import { NEVER } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { admin, authenticated, bodyOf, int64, systemAccess } from "./call.ts";
import { EMPTY, parseSchedule } from "./job-schedule.ts";
import { notBuilt } from "./later.ts";
import { listReply } from "./list.ts";
import { projectAccess } from "./project-access.ts";

const VENDOR = "SCAN_ALL";

const scannerBody = z.object({ name: z.string().nullish(), url: z.string().nullish() });
const allowlistBody = z.object({
  items: z.array(z.object({ cve_id: z.string() })).nullish(),
  expires_at: int64.nullish(),
});

export function scanningRoutes(app: App): Route[] {
  const { state, store } = app;
  /** The scanner that `prepare --with-trivy` brings. */
  const scanners = app.options.trivy === true ? [trivy(state.users[0]?.created ?? NEVER)] : [];
  const [defaultScanner] = scanners;

  /** Looks for the scanner, as Harbor does before it keeps one; the stand-in keeps none but Trivy. */
  async function ping(call: Call, action: "create" | "read"): Promise<Reply> {
    const { url } = bodyOf(call, scannerBody, "registration", { "": "ScannerRegistrationReq" });
    systemAccess(call, `scanner:${action}`);
    if (!URL.canParse(url ?? "")) throw new HarborError(400, `scanner registration validate: ${url ?? ""}`);
    try {
      const answer = await send(new URL("/api/v1/metadata", url ?? ""), {}, app.connection(false, ""));
      await readAll(answer.body);
    } catch {
      throw internalError();
    }
    throw notBuilt("POST", call);
  }

  function scanAllSchedule(call: Call, action: "create" | "read" | "update") {
    systemAccess(call, `scan-all:${action}`);
    if (defaultScanner === undefined) {
      throw new HarborError(412, "no scanner is configured, it's not possible to scan");
    }
    return findSchedule(app, VENDOR);
  }

  function readSchedule(call: Call): Reply {
    const schedule = scanAllSchedule(call, "read");
    if (schedule === undefined) return EMPTY;
    const { id, type, cron, created, updated } = schedule;
    return {
      status: 200,
      json: {
        id,
        status: "Running",
        schedule: { type, cron, next_scheduled_time: NEVER },
        creation_time: created,
        update_time: updated,
      },
    };
  }

  function createSchedule(call: Call): Reply {
    const { type, cron } = requested(call);
    const known = scanAllSchedule(call, "create");
    if (type === "Manual") {
      const tasks = state.artifacts.length;
      addExecution(app, { vendorType: VENDOR, vendorId: 0, trigger: "MANUAL", attributes: {}, tasks });
    } else if (type !== "None") {
      if (known !== undefined) {
        throw new HarborError(
          412,
          "fail to set schedule for scan all as always had one, please delete it firstly then to re-schedule",
        );
      }
      set(type, cron);
    }
    return { status: 201 };
  }

  function updateSchedule(call: Call): Reply {
    const { type, cron } = requested(call);
    const known = scanAllSchedule(call, "update");
    if (type === "Manual") {
      throw new HarborError(400, "fail to update scan all schedule as wrong schedule type: Manual");
    }
    if (type === "None") removeSchedules(app, VENDOR);
    else if (known?.type !== type || known.cron !== cron) set(type, cron);
    return { status: 200 };
  }

  function set(type: string, cron: string): void {
    const problem = cronProblem(cron);
    if (problem !== undefined) {
      throw new HarborError(400, `invalid cron string for scheduled scan all: ${cron}, error: ${problem}`);
    }
    removeSchedules(app, VENDOR);
    addSchedule(app, { vendorType: VENDOR, vendorId: 0, type, cron, parameters: {} });
  }

  function readAllowlist(call: Call): Reply {
    authenticated(call);
    const list = state.systemAllowlist;
    return {
      status: 200,
      json: {
        ...(list === undefined ? {} : { id: list.id }),
        items: list?.items ?? [],
        ...(list?.expiresAt === undefined ? {} : { expires_at: list.expiresAt }),
        creation_time: list?.created ?? NEVER,
        update_time: list?.updated ?? NEVER,
      },
    };
  }

  function putAllowlist(call: Call): Reply {
    const body = bodyOf(call, allowlistBody, "allowlist", { "": "CVEAllowlist" });
    admin(call);
    const at = app.now();
    const id = store.next("allowlist");
    state.systemAllowlist = {
      id: state.systemAllowlist?.id ?? id,
      items: body.items ?? [],
      ...(typeof body.expires_at === "number" ? { expiresAt: body.expires_at } : {}),
      created: state.systemAllowlist?.created ?? at,
      updated: at,
    };
    return { status: 200 };
  }

  return [
    {
      method: "GET",
      path: "/scanners",
      handle: (call) => {
        systemAccess(call, "scanner:list");
        return listReply(call, scanners, {}, "", (scanner) => scanner);
      },
    },
    { method: "POST", path: "/scanners", handle: (call) => ping(call, "create") },
    { method: "POST", path: "/scanners/ping", handle: (call) => ping(call, "read") },
    {
      method: "GET",
      path: "/scanners/{registration_id}",
      handle: (call) => {
        systemAccess(call, "scanner:read");
        const id = call.param("registration_id");
        const scanner = scanners.find(({ uuid }) => uuid === id);
        if (scanner === undefined) throw new HarborError(404, `scanner ${id} not found`);
        return { status: 200, json: scanner };
      },
    },
    {
      method: "GET",
      path: "/projects/{project_name_or_id}/scanner",
      handle: (call) => {
        projectAccess(app, call, "scanner:read");
        return defaultScanner === undefined ? EMPTY : { status: 200, json: defaultScanner };
      },
    },
    { method: "GET", path: "/system/scanAll/schedule", handle: readSchedule },
    { method: "POST", path: "/system/scanAll/schedule", handle: createSchedule },
    { method: "PUT", path: "/system/scanAll/schedule", handle: updateSchedule },
    { method: "GET", path: "/system/CVEAllowlist", handle: readAllowlist },
    { method: "PUT", path: "/system/CVEAllowlist", handle: putAllowlist },
  ];
}

function requested(call: Call): { type: string; cron: string } {
  const { schedule } = parseSchedule(call);
  // Real Harbor dereferences nil here.
  if (schedule === undefined) throw panic();
  return schedule;
}

function trivy(installed: string) {
  return {
    uuid: "c0ffee00-0000-4000-8000-000000000001",
    name: "Trivy",
    description: "The Trivy scanner adapter",
    url: "http://trivy-adapter:8080",
    auth: "",
    disabled: false,
    is_default: true,
    skip_certVerify: false,
    use_internal_addr: true,
    create_time: installed,
    update_time: installed,
  };
}
