/** Projects of your own beside the caches: what is pushed to this Harbor, and where it goes from there. */
import * as z from "zod";
import { cronProblem } from "../../provider/harbor/cron.ts";
import { WEBHOOK_EVENTS } from "../../provider/harbor/event-types.ts";
import { REPLICATION_ADAPTERS } from "../../provider/harbor/proxy-adapters.ts";
import { certificates } from "./certificate.ts";
import { url } from "./network.ts";
import { quota } from "./quantity.ts";
import { projectName } from "./registry.ts";
import { header, password } from "./secret.ts";
import { choice, flag, integer, line, list, mapping, text } from "./value.ts";

/** When something runs, in Harbor's form. */
export const cron = text("0 0 3 * * 6 (saturdays at 3:00:00)", cronProblem);

const replicationCron = text(
  "0 0 3 * * *",
  (value) => cronProblem(value) ?? (/^\s*0\s+\*\s/.test(value) ? "must not run each minute" : undefined),
);

const pattern = line("v*", 255);

const retentionRule = mapping("{ mostRecentlyPushed: 10, tags: v* }", {
  daysSinceLastPull: integer(1, 3650, "30")
    .exactOptional()
    .describe("Keep what was pulled within so many days."),
  daysSinceLastPush: integer(1, 3650, "30")
    .exactOptional()
    .describe("Keep what was pushed within so many days."),
  mostRecentlyPulled: integer(1, 10_000, "10").exactOptional().describe("Keep so many of those pulled last."),
  mostRecentlyPushed: integer(1, 10_000, "10").exactOptional().describe("Keep so many of those pushed last."),
  always: flag().exactOptional().describe("Keep all that match."),
  repositories: pattern.default("**").describe("Which repositories, default `**`."),
  tags: pattern.default("**").describe("Which tags, default `**`."),
  untagged: flag().default(true).describe("Artifacts without a tag match too. Default true."),
}).refine(
  (rule) =>
    [
      rule.daysSinceLastPull,
      rule.daysSinceLastPush,
      rule.mostRecentlyPulled,
      rule.mostRecentlyPushed,
      rule.always,
    ].filter((one) => one !== undefined && one !== false).length === 1,
  {
    error:
      "must say once what it keeps: daysSinceLastPull, daysSinceLastPush, mostRecentlyPulled, mostRecentlyPushed or " +
      "always; for example: { mostRecentlyPushed: 10 }",
  },
);

const webhook = mapping("{ name: chat, url: https://hooks.example.com/…, events: [PUSH_ARTIFACT] }", {
  name: line("chat", 255).describe("Unique in the project."),
  url: url(["https", "http"], "https://hooks.example.com/harbor").describe("What is called."),
  events: list("[PUSH_ARTIFACT]", choice(WEBHOOK_EVENTS))
    .refine((events) => events.length > 0, { error: "must name an event; for example: [PUSH_ARTIFACT]" })
    .describe("When."),
  type: choice(["http", "slack"]).default("http").describe("What answers there, default http."),
  authHeader: header
    .exactOptional()
    .describe(
      "Value of the Authorization header, a secret; Harbor shows it to the project's administrators.",
    ),
  format: choice(["Default", "CloudEvents"]).default("Default").describe("Of http. Default: Harbor's own."),
  skipVerify: flag().default(false).describe("Don't check the certificate there. Default false."),
});

const replication = mapping("{ to: dr-site }", {
  to: line("dr-site", 64).describe("A destination's name."),
  on: z
    .union([z.literal("push"), replicationCron], { error: "must be push, or a cron; for example: push" })
    .default("push")
    .describe("When: with each `push` (default), or a cron."),
  repositories: pattern.exactOptional().describe("Which repositories of the project. Default: all."),
  tags: pattern.exactOptional().describe("Which tags. Default: all."),
  namespace: line("mirror", 255).exactOptional().describe("Namespace there. Default: as here."),
  deletion: flag().default(false).describe("Delete there what is deleted here. Default false."),
  override: flag().default(true).describe("Overwrite what is there. Default true."),
  speedKb: integer(-1, 10_000_000, "10000")
    .refine((speed) => speed !== 0, { error: "must not be 0; for example: 10000, or -1 without limit" })
    .default(-1)
    .describe("KB a second, default -1: without limit."),
});

const label = mapping("{ name: gold }", {
  name: line("gold", 128),
  color: text("#0065AB", (value) => (/^#[0-9A-Fa-f]{6}$/.test(value) ? undefined : "is not a color"))
    .exactOptional()
    .describe("Default: Harbor's."),
  description: line("kept for years", 255).exactOptional(),
});

export const project = mapping("{ name: platform }", {
  name: projectName.describe("Project's name in Harbor."),
  public: flag().default(false).describe("May be pulled without login. Default false."),
  quota: quota.default(-1).describe("A size such as 500GiB, -1 is unlimited (default)."),
  retention: mapping("{ schedule: 0 0 4 * * *, rules: [{ mostRecentlyPushed: 10 }] }", {
    schedule: cron.describe("When what no rule keeps is deleted."),
    rules: list("[{ mostRecentlyPushed: 10 }]", retentionRule).refine(
      (rules) => rules.length >= 1 && rules.length <= 15,
      { error: "must be 1 to 15 rules; for example: [{ mostRecentlyPushed: 10 }]" },
    ),
  })
    .exactOptional()
    .describe("What is kept; all else is deleted. Default: everything is kept."),
  immutableTags: list(
    "[{ tags: v* }]",
    mapping("{ tags: v* }", {
      repositories: pattern.default("**").describe("Which repositories, default `**`."),
      tags: pattern.describe("Tags that can't be overwritten."),
    }),
  )
    .default([])
    .describe("Tags that can't be overwritten or deleted."),
  labels: list("[{ name: gold }]", label).default([]).describe("Labels for its artifacts."),
  webhooks: list("[{ name: chat, … }]", webhook).default([]).describe("Services that are told of events."),
  replication: list("[{ to: dr-site }]", replication)
    .default([])
    .describe("Second registries that its artifacts are copied to."),
});
export type ProjectSettings = z.output<typeof project>;

export const destination = mapping("{ name: dr-site, type: harbor, endpoint: https://… }", {
  name: line("dr-site", 64).describe("Unique; what replication names."),
  type: choice(REPLICATION_ADAPTERS).default("harbor").describe("Harbor's adapter, default harbor."),
  endpoint: url(["https", "http"], "https://registry.dr.example.com").describe("URL that Harbor asks."),
  credentials: mapping("{ username: robot$push, password: { secure: … } }", {
    username: line("robot$push", 255).describe("User name, robot account or access key id."),
    password,
  })
    .exactOptional()
    .describe("Default: anonymous."),
  insecure: flag().default(false).describe("Don't check its certificate. Default false."),
  caCertificate: certificates.exactOptional().describe("PEM, its CA."),
});
export type DestinationSettings = z.output<typeof destination>;
