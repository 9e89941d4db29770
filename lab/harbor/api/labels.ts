/** `/labels`: global ones and those of projects. */
import { z } from "zod";
import type { App } from "../app.ts";
import type { Reply } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import type { Label } from "../operations-tables.ts";
import { removeWhere } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { authenticated, bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { omitEmpty } from "./go-json.ts";
import { fuzzy, listReply } from "./list.ts";
import { permitted } from "./project-access.ts";

const text = z.string().nullish();
const labelBody = z.object({
  name: text,
  description: text,
  color: text,
  scope: text,
  project_id: int64.nullish(),
});
const MODELS = { "": "Label" };

const columns = {
  id: (label: Label) => label.id,
  name: (label: Label) => label.name,
  creation_time: (label: Label) => label.created,
};

type Action = "create" | "read" | "list" | "update" | "delete";

export function labelRoutes(app: App): Route[] {
  const { state, store } = app;

  function checkAccess(
    call: Call,
    { scope, projectId }: Pick<Label, "scope" | "projectId">,
    action: Action,
  ): void {
    if (scope === "g") {
      systemAccess(call, `label:${action}`);
      return;
    }
    const project = state.projects.find(({ id }) => id === projectId);
    if (permitted(call, project, `label:${action}`) === undefined) {
      throw new HarborError(404, `project ${projectId} not found`);
    }
  }

  function find(call: Call, action: Action): Label {
    const id = idParam(call, "label_id");
    const label = state.labels.find((candidate) => candidate.id === id);
    if (label === undefined) throw new HarborError(404, `label ${id} not found`);
    checkAccess(call, label, action);
    return label;
  }

  function refuseTaken({ name, scope, projectId }: Omit<Label, "id">, id?: number): void {
    const taken = state.labels.some(
      (label) =>
        label.name === name && label.scope === scope && label.projectId === projectId && label.id !== id,
    );
    if (taken) throw new HarborError(409, `label ${name} already exists`);
  }

  function create(call: Call): Reply {
    const body = bodyOf(call, labelBody, "label", MODELS);
    if (body.scope !== "g" && body.scope !== "p") throw new HarborError(400, "unsupported label scope");
    const at = app.now();
    const label: Omit<Label, "id"> = {
      name: body.name ?? "",
      description: body.description ?? "",
      color: body.color ?? "",
      scope: body.scope,
      projectId: body.scope === "g" ? 0 : (body.project_id ?? 0),
      created: at,
      updated: at,
    };
    checkAccess(call, label, "create");
    const id = store.next("label");
    refuseTaken(label);
    state.labels.push({ ...label, id });
    return { status: 201, headers: { Location: `/api/v2.0/labels/${id}` } };
  }

  // Scope and project stay as they are; what is left out becomes empty.
  function update(call: Call): Reply {
    const body = bodyOf(call, labelBody, "label", MODELS);
    const label = find(call, "update");
    const name = body.name ?? "";
    if (name === "") throw new HarborError(400, "cannot be empty");
    if (name.length > 128) throw new HarborError(400, "max length is 128");
    refuseTaken({ ...label, name }, label.id);
    const { description, color } = body;
    Object.assign(label, { name, description: description ?? "", color: color ?? "", updated: app.now() });
    return { status: 200 };
  }

  function list(call: Call): Reply {
    const scope = call.query.get("scope") ?? "";
    if (scope !== "g" && scope !== "p") throw new HarborError(400, `invalid scope: ${scope}`);
    const projectId = scope === "g" ? 0 : Number(call.query.get("project_id") ?? 0);
    if (scope === "g") authenticated(call);
    else if (projectId === 0) {
      throw new HarborError(400, "must with project ID when to query project labels");
    } else checkAccess(call, { scope, projectId }, "list");
    const name = call.query.get("name") ?? "";
    const labels = state.labels.filter(
      (label) => label.scope === scope && label.projectId === projectId && fuzzy(label.name, name),
    );
    return listReply(call, labels, columns, "-creation_time", show);
  }

  return [
    { method: "GET", path: "/labels", handle: list },
    { method: "POST", path: "/labels", handle: create },
    {
      method: "GET",
      path: "/labels/{label_id}",
      handle: (call) => ({ status: 200, json: show(find(call, "read")) }),
    },
    { method: "PUT", path: "/labels/{label_id}", handle: update },
    {
      method: "DELETE",
      path: "/labels/{label_id}",
      handle: (call) => {
        const { id } = find(call, "delete");
        removeWhere(state.labels, (label) => label.id === id);
        return { status: 200 };
      },
    },
  ];
}

function show({ projectId, created, updated, ...label }: Label): object {
  return omitEmpty({ ...label, project_id: projectId, creation_time: created, update_time: updated });
}
