/** What somebody might do in Harbor behind the program's back. */
import type { App } from "../../../lab/harbor/app.ts";

function at<T>(list: readonly T[], fits: (one: T) => boolean): T {
  const found = list.find(fits);
  if (found === undefined) throw new Error("Harbor has no such object");
  return found;
}

/** Changes one resource of each type; the answer is how many were changed. */
export function changeBehindOurBack({ state, settings }: App): number {
  const platform = at(state.projects, ({ name }) => name === "platform").id;
  const schedule = (job: string) => at(state.schedules, ({ vendorType }) => vendorType === job);
  const changes = [
    () => (at(state.projects, ({ name }) => name === "extra").metadata["severity"] = "none"),
    () => (at(state.quotas, ({ projectId }) => projectId === platform).limit = 5),
    () => (at(state.registries, ({ name }) => name === "dr-site").description = "by hand"),
    () => (at(state.robots, ({ name }) => name === "ci").disabled = true),
    () => (at(state.retentions, ({ projectId }) => projectId === platform).trigger.cron = "0 0 9 * * *"),
    () => (at(state.immutableRules, ({ disabled }) => !disabled).disabled = true),
    () => (at(state.labels, ({ name }) => name === "gold").color = "#000000"),
    () => (at(state.webhookPolicies, ({ name }) => name === "chat").enabled = false),
    () => (at(state.replicationPolicies, ({ name }) => name === "pull in").speed = 7),
    () => (at(state.members, ({ kind, projectId }) => kind === "g" && projectId === platform).role = 5),
    () => (schedule("GARBAGE_COLLECTION").cron = "0 0 9 * * *"),
    () => (schedule("PURGE_AUDIT_LOG").parameters = { audit_retention_hour: 1 }),
    () => (schedule("SCAN_ALL").cron = "0 0 9 * * *"),
    () => (settings.session_timeout = 9),
    () => (settings.oidc_scope = "openid"),
  ];
  for (const change of changes) change();
  return changes.length;
}
