/** `/projects/{p}/immutabletagrules`: tags that can't be moved. */
import type { App } from "../app.ts";
import type { Reply } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import type { ImmutableRule } from "../operations-tables.ts";
import { removeWhere } from "../store.ts";
import type { Call, Permission, Route } from "./call.ts";
import { bodyOf, idParam } from "./call.ts";
import { omitEmpty } from "./go-json.ts";
import { listReply } from "./list.ts";
import { projectIdFor } from "./project-access.ts";
import { storedRule, tagRule } from "./tag-rules.ts";

export function immutableRuleRoutes(app: App): Route[] {
  const { state, store } = app;
  const list = "/projects/{project_name_or_id}/immutabletagrules";
  const one = `${list}/{immutable_rule_id}`;

  function find(call: Call, permission: Permission): ImmutableRule {
    const id = idParam(call, "immutable_rule_id");
    const projectId = projectIdFor(app, call, permission);
    const rule = state.immutableRules.find((candidate) => candidate.id === id);
    if (rule === undefined) throw new HarborError(404, `immutable rule ${id} not found`);
    if (rule.projectId !== projectId) {
      throw new HarborError(404, `resource not found: project id ${projectId} does not match`);
    }
    return rule;
  }

  function create(call: Call): Reply {
    const { disabled, rule } = parse(call);
    const projectId = projectIdFor(app, call, "immutable-tag:create");
    const id = store.next("immutableRule");
    const text = JSON.stringify(rule);
    if (
      state.immutableRules.some(
        (known) => known.projectId === projectId && JSON.stringify(known.rule) === text,
      )
    ) {
      throw new HarborError(409, "immutable rule already exists");
    }
    state.immutableRules.push({ id, projectId, disabled, rule });
    return { status: 201, headers: { Location: `/api/v2.0${call.path}/${id}` } };
  }

  // Harbor's controller either switches a rule on or off or changes it, never both at once.
  function update(call: Call): Reply {
    const body = parse(call);
    if (body.id !== idParam(call, "immutable_rule_id")) {
      throw new HarborError(
        400,
        "bad request: the immutable_rule_id doesn't match the id in the payload body of ImmutableRule",
      );
    }
    const stored = find(call, "immutable-tag:update");
    if (stored.disabled !== body.disabled) stored.disabled = body.disabled;
    else stored.rule = body.rule;
    return { status: 200 };
  }

  return [
    { method: "POST", path: list, handle: create },
    { method: "PUT", path: one, handle: update },
    {
      method: "GET",
      path: list,
      handle: (call) => {
        const projectId = projectIdFor(app, call, "immutable-tag:list");
        const rules = state.immutableRules.filter((rule) => rule.projectId === projectId);
        return listReply(call, rules, {}, "", ({ id, disabled, rule }) =>
          omitEmpty({ ...rule, id, disabled }),
        );
      },
    },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const { id } = find(call, "immutable-tag:delete");
        removeWhere(state.immutableRules, (rule) => rule.id === id);
        return { status: 200 };
      },
    },
  ];
}

function parse(call: Call): { id: number; disabled: boolean; rule: Record<string, unknown> } {
  const { id, disabled, ...rule } = bodyOf(call, tagRule, "ImmutableRule", { "": "ImmutableRule" });
  return { id: id ?? 0, disabled: disabled ?? false, rule: storedRule(rule) };
}
