/** `/robots`: accounts of programs, of the system or of one project. */
import { z } from "zod";
import type { App } from "../app.ts";
import type { Reply } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import { checkSecret, newSecret, robotMay, robotName, sealed } from "../robots.ts";
import type { Robot } from "../store.ts";
import { removeWhere } from "../store.ts";
import type { Call, Permission, Route } from "./call.ts";
import { authenticated, bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { listReply, parseQ } from "./list.ts";
import { PERMISSIONS } from "./permissions.ts";
import { projectPermission } from "./project-access.ts";

const DAY = 86_400;
const MOST_DAYS = 2 ** 31 - 1;

const text = z.string().nullish();
const access = z.object({ resource: text, action: text });
const robotBody = z.object({
  name: text,
  description: text,
  level: text,
  duration: int64.nullish(),
  disable: z.boolean().nullish(),
  permissions: z
    .array(z.object({ kind: text, namespace: text, access: z.array(access).nullish() }))
    .nullish(),
});
const secretBody = z.object({ secret: text });
type Permissions = Robot["permissions"];

const columns = {
  id: (robot: Robot) => robot.id,
  name: (robot: Robot) => robot.name,
  creation_time: (robot: Robot) => robot.created,
};

export function robotRoutes(app: App): Route[] {
  const { state, store } = app;

  const find = (call: Call): Robot => {
    const id = idParam(call, "robot_id");
    authenticated(call);
    const robot = state.robots.find((one) => one.id === id);
    if (robot === undefined) throw new HarborError(404, `robot ${id} not found`);
    return robot;
  };
  const require = (call: Call, level: Robot["level"], project: string, action: string): void => {
    if (level === "system") systemAccess(call, `robot:${action}`);
    else projectPermission(app, { ...call, param: () => project }, `robot:${action}`);
  };
  const requireOn = (call: Call, robot: Robot, action: string): void => {
    require(call, robot.level, String(robot.projectId), action);
  };
  const show = (robot: Robot): object => ({
    creation_time: robot.created,
    creator_ref: robot.creatorId,
    creator_type: robot.creatorType,
    ...(robot.description === "" ? {} : { description: robot.description }),
    disable: robot.disabled,
    duration: robot.duration,
    editable: true,
    expires_at: robot.expiresAt,
    id: robot.id,
    level: robot.level,
    name: robotName(state, robot),
    // In no order of its own in Harbor.
    permissions: robot.permissions.toSorted((left, right) => left.kind.localeCompare(right.kind)),
    update_time: robot.updated,
  });

  function list(call: Call): Reply {
    authenticated(call);
    const q = parseQ(call.query.get("q") ?? "");
    const level = checkLevel(q.get("Level") ?? "system");
    const projectId = q.get("ProjectID");
    if (level === "project" && projectId === undefined) {
      throw new HarborError(400, "must with project ID when to query project robots");
    }
    require(call, level, projectId ?? "", "list");
    const wanted = level === "system" ? 0 : Number(projectId);
    const robots = state.robots.filter((robot) => robot.projectId === wanted);
    return listReply(call, robots, columns, "name", show);
  }

  function create(call: Call): Reply {
    const body = bodyOf(call, robotBody, "robot", { "": "RobotCreate" });
    const name = body.name ?? "";
    if (!/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name)) {
      throw new HarborError(400, "robot name is not in lower case or contains illegal characters");
    }
    const duration = body.duration ?? 0;
    const { level, permissions } = validate({ ...body, duration });
    const namespace = permissions[0]?.namespace ?? "";
    require(call, level, namespace, "create");
    const creator = call.principal.robot;
    if (creator !== undefined) checkScope(creator, permissions);
    const project = level === "project" ? projectNamed(namespace) : undefined;
    const id = store.next("robot");
    for (const { kind, namespace: scope } of permissions) {
      if (kind === "project" && scope !== "*") projectNamed(scope);
    }
    const full = project === undefined ? name : `${project.name}+${name}`;
    const projectId = project?.id ?? 0;
    if (state.robots.some((robot) => robot.name === full && robot.projectId === projectId)) {
      throw new HarborError(409, `robot account ${projectId}:${full} already exists`);
    }
    const at = app.now();
    const secret = newSecret();
    const robot: Robot = {
      id,
      name: full,
      description: body.description ?? "",
      level,
      projectId,
      duration,
      expiresAt: expiry(at, duration),
      disabled: body.disable ?? false,
      permissions,
      creatorType: creator === undefined ? "local" : "robot",
      creatorId: creator?.id ?? call.principal.user?.id ?? 0,
      ...sealed(secret),
      created: at,
      updated: at,
    };
    state.robots.push(robot);
    return {
      status: 201,
      headers: { Location: `/api/v2.0/robots/${id}` },
      json: {
        creation_time: at,
        expires_at: robot.expiresAt,
        id,
        name: robotName(state, robot),
        secret,
      },
    };
  }

  function update(call: Call): Reply {
    const body = bodyOf(call, robotBody, "robot", { "": "Robot" });
    const robot = find(call);
    const duration = body.duration ?? robot.duration;
    const { level, permissions } = validate({ ...body, duration });
    requireOn(call, robot, "update");
    const [{ namespace } = { namespace: "" }] = permissions;
    if (robot.level === "project" && projectNamed(namespace).id !== robot.projectId) {
      throw new HarborError(400, "cannot update the project id of robot");
    }
    if (level !== robot.level || body.name !== robotName(state, robot)) {
      throw new HarborError(400, "cannot update the level or name of robot");
    }
    if (duration !== robot.duration) robot.expiresAt = expiry(robot.created, duration);
    Object.assign(robot, {
      duration,
      permissions,
      description: body.description ?? "",
      disabled: body.disable ?? false,
      updated: app.now(),
    });
    return { status: 200 };
  }

  function refresh(call: Call): Reply {
    const { secret } = bodyOf(call, secretBody, "robotSec", { "": "RobotSec" });
    const robot = find(call);
    requireOn(call, robot, "update");
    const chosen = secret ?? "";
    if (chosen !== "") checkSecret(chosen);
    const next = chosen === "" ? newSecret() : chosen;
    Object.assign(robot, sealed(next), { updated: app.now() });
    return { status: 200, json: chosen === "" ? { secret: next } : {} };
  }

  function projectNamed(name: string) {
    const project = state.projects.find((one) => one.name === name);
    if (project === undefined) throw new HarborError(404, `project ${name} not found`);
    return project;
  }

  const one = "/robots/{robot_id}";
  return [
    { method: "GET", path: "/robots", handle: list },
    { method: "POST", path: "/robots", handle: create },
    {
      method: "GET",
      path: one,
      handle: (call) => {
        const robot = find(call);
        requireOn(call, robot, "read");
        return { status: 200, json: show(robot) };
      },
    },
    { method: "PUT", path: one, handle: update },
    { method: "PATCH", path: one, handle: refresh },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const robot = find(call);
        requireOn(call, robot, "delete");
        removeWhere(state.robots, ({ id }) => id === robot.id);
        return { status: 200 };
      },
    },
  ];
}

function validate(body: z.infer<typeof robotBody> & { readonly duration: number }): {
  readonly level: Robot["level"];
  readonly permissions: Permissions;
} {
  const { duration } = body;
  if (duration !== -1 && (duration <= 0 || duration >= MOST_DAYS)) {
    throw new HarborError(
      400,
      `bad request error duration input: ${duration}, duration must be either -1(Never) or a positive integer`,
    );
  }
  const level = checkLevel(body.level ?? "");
  const given = body.permissions ?? [];
  if (given.length === 0) throw new HarborError(400, "bad request empty permission");
  if (given.some((permission) => (permission.access ?? []).length === 0)) {
    throw new HarborError(400, "bad request empty access");
  }
  if (level === "project" && given.length > 1) throw new HarborError(400, "bad request permission");
  const permissions = given.map((permission): Permissions[number] => {
    const { kind } = permission;
    if (kind !== "system" && kind !== "project") {
      throw new HarborError(400, `bad request permission level: ${kind ?? ""}`);
    }
    const all = (permission.access ?? []).map(({ resource, action }) => {
      const name: Permission = `${resource ?? ""}:${action ?? ""}`;
      if (!PERMISSIONS[kind].includes(name)) throw new HarborError(400, `bad request permission: ${name}`);
      return { action: action ?? "", resource: resource ?? "" };
    });
    return { access: all, kind, namespace: permission.namespace ?? "" };
  });
  return { level, permissions };
}

function checkLevel(level: string): Robot["level"] {
  if (level !== "system" && level !== "project") {
    throw new HarborError(400, `bad request error level input: ${level}`);
  }
  return level;
}

/** A robot can't give what it hasn't got. */
function checkScope(creator: Robot, permissions: Permissions): void {
  const covered = permissions.every(({ kind, namespace, access: wanted }) =>
    wanted.every(({ resource, action }) => robotMay(creator, kind, namespace, `${resource}:${action}`)),
  );
  if (covered) return;
  throw new HarborError(
    403,
    "permission scope is invalid. It must be equal to or more restrictive than the creator robot's permissions",
    { code: "DENIED" },
  );
}

function expiry(created: string, days: number): number {
  return days === -1 ? -1 : Math.floor(Date.parse(created) / 1000) + days * DAY;
}
