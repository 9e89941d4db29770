/** What happens in Harbor 2.15, by its own names. */
import { z } from "zod";
import { didYouMean } from "../inputs.ts";

/** Of the audit log (`GET /auditlog-exts/events`). Harbor takes any other text too, and then purges nothing. */
export const AUDIT_EVENTS = [
  "create_artifact",
  "delete_artifact",
  "pull_artifact",
  "create_project",
  "delete_project",
  "delete_repository",
  "login_user",
  "logout_user",
  "create_user",
  "delete_user",
  "update_user",
  "create_robot",
  "delete_robot",
  "update_configuration",
] as const;

/** Of webhooks (`GET /projects/{project}/webhook/events`). */
export const WEBHOOK_EVENTS = [
  "PUSH_ARTIFACT",
  "PULL_ARTIFACT",
  "DELETE_ARTIFACT",
  "QUOTA_EXCEED",
  "QUOTA_WARNING",
  "SCANNING_FAILED",
  "SCANNING_STOPPED",
  "SCANNING_COMPLETED",
  "REPLICATION",
  "TAG_RETENTION",
] as const;

export function oneOfEvents(known: readonly string[]) {
  return z.string().superRefine((type, context) => {
    if (known.includes(type)) return;
    const message = `must be one of ${known.join(", ")}.${didYouMean(type, known)}`;
    context.addIssue({ code: "custom", message });
  });
}
