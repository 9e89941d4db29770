import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";

import { ProgramRobot } from "../../../components/robots/program-robot.ts";
import { PROGRAM_PERMISSIONS } from "../../../components/robots/program-permissions.ts";
import { Robots } from "../../../components/robots/robots.ts";
import type { RegistrySettings } from "../../../config/settings.ts";
import { Provider } from "../../../provider/sdk.ts";
import { settingsOf, valid } from "../config/valid.ts";
import { recordResources, settled } from "../mocks.ts";
import type { Registered } from "../mocks.ts";
import { readRecording } from "../lab-harbor/recording.ts";
import { z } from "zod";

let registered: Registered[] = [];
beforeEach(async () => {
  registered = await recordResources(({ type, name }) =>
    type === "harborcache:harbor:RobotAccount"
      ? { fullName: `robot$${name}`, secret: "S3cret", robotId: 1, secretCreatedAt: "2026-01-01T00:00:00Z" }
      : {},
  );
});

const admin = () =>
  new Provider("harbor-admin", { url: "https://h.example.com", username: "admin", password: "p" });
const robots = () =>
  registered
    .filter(({ type }) => type === "harborcache:harbor:RobotAccount")
    // In which order they are registered is nobody's promise.
    .sort((a, b) => a.name.localeCompare(b.name));
const listed = z.array(z.object({ resource: z.string(), action: z.string() }));

test("the program's robot may do only what Harbor has for robots, and never pulls, pushes or makes robots", () => {
  const recorded = readRecording("01-system").find(({ seq }) => seq === 18);
  const known = z.object({ system: listed, project: listed }).parse(recorded?.response?.body);
  for (const { kind, access } of PROGRAM_PERMISSIONS) {
    for (const one of access) expect(known[kind]).toContainEqual(one);
    expect(access).not.toContainEqual({ resource: "repository", action: "pull" });
    expect(JSON.stringify(access)).not.toMatch(/push|robot|"user/);
  }
});

test("the program signs in by the secret of its own robot", async () => {
  const provider = admin();
  const { login } = new ProgramRobot("robot", { provider, after: [], harbor: provider });
  expect(await settled(login.username)).toEqual({ value: "robot$robot", secret: false });
  expect(await settled(login.password)).toEqual({ value: "S3cret", secret: true });
  expect(robots()[0]?.inputs).toMatchObject({ name: "harbor-cache", rotateAfterDays: 90, adopt: true });
});

const robotsOf = async (tree: object, change: Partial<RegistrySettings> = {}) => {
  const settings = settingsOf({ ...valid(), ...tree });
  const provider = admin();
  const made = new Robots("robots", {
    robots: settings.robots,
    registries: settings.registries.map((registry) => ({ ...registry, ...change })),
    provider,
    after: [],
    projectIds: Object.fromEntries(
      [...settings.registries.map(({ project }) => project), "platform"].map((name, i) => [
        name,
        pulumi.output(i + 1),
      ]),
    ),
    harbor: provider,
  });
  await pulumi.runtime.disconnect();
  return made;
};

test("public caches need no robot", async () => {
  expect((await robotsOf({})).pull).toBeUndefined();
  expect(robots()).toEqual([]);
});

test("a cache that isn't public has one that may pull from it and nothing else", async () => {
  const { pull } = await robotsOf({}, { public: false });
  expect(pull).toBeDefined();
  expect(robots()[0]?.inputs).toMatchObject({
    name: "harbor-cache-pull",
    permissions: [
      {
        kind: "project",
        namespace: "proxy.docker.io",
        access: [{ resource: "repository", action: "pull" }],
      },
    ],
    projectIds: [1],
    adopt: true,
  });
  // Whoever has it spread it by hand: it must not end by itself.
  expect(robots()[0]?.inputs).not.toHaveProperty("rotateAfterDays");
});

test("those of the settings, with their rotation", async () => {
  await robotsOf({
    projects: [{ name: "platform" }],
    robots: [
      {
        name: "ci",
        projects: ["platform"],
        push: true,
        expiresAfterDays: 365,
        rotateAfterDays: 30,
        rotation: "2",
      },
      { name: "reader" },
    ],
  });
  const pull = { resource: "repository", action: "pull" };
  expect(robots().map(({ name, inputs }) => ({ name, inputs }))).toEqual([
    {
      name: "robots-named-ci",
      inputs: {
        name: "ci",
        duration: 365,
        permissions: [
          {
            kind: "project",
            namespace: "platform",
            access: [pull, { resource: "repository", action: "push" }],
          },
        ],
        projectIds: [expect.any(Number)],
        rotateAfterDays: 30,
        rotation: "2",
      },
    },
    {
      name: "robots-named-reader",
      inputs: {
        name: "reader",
        duration: -1,
        permissions: [{ kind: "project", namespace: "*", access: [pull] }],
      },
    },
  ]);
});
