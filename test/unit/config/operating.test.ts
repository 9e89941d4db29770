import { expect, test } from "vitest";

import { errorsOf, settingsOf, valid } from "./valid.ts";

const errors = (tree: object) => errorsOf({ ...valid(), ...tree });

test("a cron of five fields is told what is missing", () => {
  expect(
    errors({ maintenance: { scanSchedule: "0 3 * * 6" }, harbor: { trivy: { enabled: true } } }),
  ).toEqual([
    'harbor-cache:maintenance.scanSchedule: "0 3 * * 6" must have six fields (second, minute, hour, day of month, month, day of week), ' +
      "such as 0 30 2 * * *; it has 5. Did you mean '0 0 3 * * 6'?; for example: 0 0 3 * * 6 (saturdays at 3:00:00)",
  ]);
});

test("a registry's cache options are its own, else those of all", () => {
  const { registries } = settingsOf({
    ...valid(),
    cache: { keepDays: 60, speedKb: 1000 },
    registries: ["quay.io", { name: "docker.io", cache: { keepDays: "forever" } }],
  });
  expect(registries.map(({ cache }) => cache)).toEqual([
    { keepDays: 60, speedKb: 1000 },
    { keepDays: "forever", speedKb: 1000 },
  ]);
});

test("scanning without a scanner is refused wherever it is asked for", () => {
  const needs = "needs a scanner: set harbor.trivy.enabled: true, or leave it out";
  expect(
    errors({
      cache: { scanOnPull: true },
      registries: [{ name: "quay.io", cache: { blockSeverity: "high" } }],
      maintenance: { scanSchedule: "0 0 1 * * *" },
    }),
  ).toEqual([
    `harbor-cache:cache.scanOnPull: ${needs}`,
    `harbor-cache:registries[0].cache.blockSeverity: ${needs}`,
    `harbor-cache:maintenance.scanSchedule: ${needs}`,
  ]);
});

test("projects, destinations and robots that don't fit together", () => {
  expect(errors({ robots: [{ name: "harbor-cache-pull" }] })).toEqual([
    'harbor-cache:robots[0].name: "harbor-cache-pull" begins as the names of the program\'s own robots do; for example: ci',
  ]);
  expect(
    errors({
      destinations: [
        { name: "dr", endpoint: "https://dr.example.com" },
        { name: "dr", endpoint: "https://dr2.example.com" },
        { name: "docker.io", type: "docker-registry", endpoint: "https://dr3.example.com" },
      ],
      projects: [
        {
          name: "platform",
          labels: [{ name: "gold" }, { name: "gold" }],
          immutableTags: [
            { tags: "v*" },
            { tags: "v*", repositories: "**" },
            { tags: "v*", repositories: "app" },
          ],
          replication: [{ to: "dr" }, { to: "d" }, { to: "dr" }],
        },
        { name: "platform" },
        { name: "proxy.docker.io" },
      ],
      robots: [
        { name: "ci", projects: ["platform", "nosuch"] },
        { name: "ci", push: true, projects: ["proxy.docker.io"] },
      ],
    }),
  ).toEqual([
    "harbor-cache:projects[1].name: is the same as harbor-cache:projects[0].name: each project needs a name of its own",
    "harbor-cache:projects[2].name: is the cache's at harbor-cache:registries[0].project; choose another name",
    "harbor-cache:destinations[1].name: is the same as harbor-cache:destinations[0].name",
    "harbor-cache:destinations[2].name: is a cached registry's, harbor-cache:registries[0].name; choose another name",
    "harbor-cache:robots[1].name: is the same as harbor-cache:robots[0].name",
    "harbor-cache:projects[0].labels[1].name: is the same as harbor-cache:projects[0].labels[0].name",
    "harbor-cache:projects[0].immutableTags[1]: is the same as harbor-cache:projects[0].immutableTags[0]",
    "harbor-cache:projects[0].replication[2].to: is the same as harbor-cache:projects[0].replication[0].to: each destination is named once",
    "harbor-cache:projects[0].replication[1].to: is no destination; known: dr, dr, docker.io",
    "harbor-cache:robots[0].projects[1]: is no project of this stack; known: proxy.docker.io, platform",
    "harbor-cache:robots[1].projects[0]: is a cache, which nobody can push to; leave it out, or push: false",
  ]);
});

test("a replication by a cron runs not each minute", () => {
  const on = (cron: string) =>
    errors({
      destinations: [{ name: "dr", endpoint: "https://dr.example.com" }],
      projects: [{ name: "platform", replication: [{ to: "dr", on: cron }] }],
    });
  expect(on("0 0 3 * * *")).toEqual([]);
  expect(on("30 0 3 * * *")).toEqual([expect.stringContaining("must have 0 as its seconds")]);
  expect(on("0 * * * * *")).toEqual([expect.stringContaining("must not run each minute")]);
});

test("a retention rule says once what it keeps", () => {
  const rule = (rules: object[]) =>
    errors({ projects: [{ name: "a", retention: { schedule: "0 0 4 * * *", rules } }] });
  expect(rule([{ mostRecentlyPushed: 3, always: true }])).toEqual([
    expect.stringMatching(/^harbor-cache:projects\[0\]\.retention\.rules\[0\]: must say once what it keeps/),
  ]);
  expect(rule([{ tags: "v*" }])).toHaveLength(1);
  expect(rule([])).toEqual([expect.stringContaining("must be 1 to 15 rules")]);
});

test("a webhook's header in clear is a secret in clear", () => {
  const webhooks = [
    { name: "ci", url: "https://ci.example.com", events: ["PUSH_ARTIFACT"], authHeader: "Bearer x" },
  ];
  expect(errors({ projects: [{ name: "a", webhooks }] })).toEqual([
    expect.stringContaining("harbor-cache:projects[0].webhooks[0].authHeader: is a secret in clear text"),
  ]);
});
