/** What Harbor does to itself on schedule, its own settings, and what is reported of it. */
import type * as z from "zod";
import { AUDIT_EVENTS } from "../../provider/harbor/event-types.ts";
import { url } from "./network.ts";
import { cron } from "./project.ts";
import { choice, flag, integer, list, mapping, text } from "./value.ts";

const date = text("12/31/2026", (value) =>
  /^(0[1-9]|1[0-2])\/(0[1-9]|[12]\d|3[01])\/\d{4}$/.test(value) ? undefined : "is not a date as MM/DD/YYYY",
);

export const maintenance = mapping("{ garbageCollection: { schedule: 0 0 3 * * 6 } }", {
  garbageCollection: mapping("{ schedule: 0 0 3 * * 6 }", {
    enabled: flag().default(true).describe("Default true."),
    schedule: cron.default("0 0 3 * * 6").describe("Default saturdays at 3:00, in UTC."),
    deleteUntagged: flag()
      .default(false)
      .describe("Delete what has no tag, as images pulled by digest have none. Default false."),
    workers: integer(1, 10, "1").default(1).describe("Default 1."),
  })
    .prefault({})
    .describe("Frees the space of what retention or people deleted."),
  auditLog: mapping("{ keepDays: 90 }", {
    enabled: flag().default(true).describe("Default true."),
    schedule: cron.default("0 30 2 * * *").describe("Default daily at 2:30, in UTC."),
    keepDays: integer(1, 3650, "90").default(90).describe("Default 90."),
    events: list("[pull_artifact]", choice(AUDIT_EVENTS))
      .default(["create_artifact", "delete_artifact", "pull_artifact"])
      .describe("What is purged, default events of artifacts: a cache writes one with each pull."),
  })
    .prefault({})
    .describe("Purges old entries of the audit log, which would fill the database."),
  scanSchedule: cron
    .exactOptional()
    .describe("When all images are scanned; needs harbor.trivy. Default: never."),
  signInAs: choice(["robot", "admin"])
    .default("robot")
    .describe(
      "Whom the program is to Harbor after its first start, for all that Harbor lets a robot do. Default robot.",
    ),
  readOnly: flag()
    .exactOptional()
    .describe(
      "Nothing can be pushed, cached or changed: last of all in an `up`. False ends it, first of all. Default: as it is.",
    ),
  sessionMinutes: integer(1, 525_600, "60")
    .exactOptional()
    .describe("Of people's logins. Harbor's default 60."),
  tokenMinutes: integer(1, 525_600, "30").exactOptional().describe("Of a pull or push. Harbor's default 30."),
  projectCreation: choice(["everyone", "adminonly"])
    .exactOptional()
    .describe("Who may make projects. Harbor's default everyone."),
  banner: mapping("{ message: Maintenance on friday }", {
    message: text("Maintenance on friday", (value) => (value === "" ? "is empty" : undefined)),
    type: choice(["success", "info", "warning", "danger"]).default("info"),
    closable: flag().default(true),
    fromDate: date.exactOptional(),
    toDate: date.exactOptional(),
  })
    .exactOptional()
    .describe("A line on top of Harbor's pages."),
  pullQuota: mapping("{ warnBelow: 20 }", {
    enabled: flag().default(true).describe("Ask, where docker.io is cached. Default true."),
    warnBelow: integer(0, 1_000_000, "20").default(20).describe("Remaining pulls, default 20."),
    url: url(["https", "http"], "https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest")
      .exactOptional()
      .describe("What is asked by HEAD. Default: Docker Hub's image for it."),
  })
    .prefault({})
    .describe("How many pulls Docker Hub still allows the cache, as an output and with a warning."),
});
export type MaintenanceSettings = z.output<typeof maintenance>;
