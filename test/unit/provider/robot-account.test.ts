/** The resource `RobotAccount` against the Harbor stand-in and what a real Harbor answered; its secret: robot-secret.test.ts. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { robotAccount } from "../../../provider/harbor/robot-account.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { secret, ProviderClient } from "./provider-client.ts";
import { recordedHarbor } from "./recorded-harbor.ts";
import { EVERYWHERE, IN_CACHE, PULL, startRobotLab, text, type RobotLab } from "./robot-lab.ts";

const TYPE = "harborcache:harbor:RobotAccount";

let lab: RobotLab;
beforeAll(async () => {
  lab = await startRobotLab();
});
afterAll(async () => {
  await lab.close();
});

test("check knows Harbor's rules", async () => {
  expect(
    await failuresOf(robotAccount, {
      name: "robot$x",
      duration: 0,
      rotateAfterDays: 0,
      permissions: [
        { kind: "system", namespace: "cache", access: PULL },
        { kind: "project", namespace: "*", access: [] },
      ],
    }),
  ).toEqual([
    expect.stringMatching(/^name: must be lower case/),
    "duration: must be -1 (never expires) or at least 1 day",
    expect.stringMatching(/^permissions\[0\]\.namespace: must be \/ for kind system/),
    expect.stringMatching(/^permissions\[1\]\.access: must name at least one/),
    "rotateAfterDays: must be at least 1 day",
  ]);
  const onProject = { name: "ci", level: "project" };
  const oneProject = [expect.stringMatching(/^permissions: must be exactly one for level project/)];
  for (const permissions of [
    EVERYWHERE,
    [...IN_CACHE, ...EVERYWHERE],
    [{ ...IN_CACHE[0], kind: "system", namespace: "/" }],
  ]) {
    expect(await failuresOf(robotAccount, { ...onProject, permissions: permissions })).toEqual(oneProject);
  }
  expect(await failuresOf(robotAccount, { ...onProject, permissions: IN_CACHE })).toEqual([]);
  expect(
    await failuresOf(robotAccount, { ...onProject, permissions: [{ ...IN_CACHE[0], namespace: UNKNOWN }] }),
  ).toEqual([]);
});

test("every property is updated in place, drift is seen, name, level and a robot's project replace", async () => {
  const { id, inputs, state, context } = await lab.make({
    name: "ci",
    level: "project",
    permissions: IN_CACHE,
  });
  expect(state["fullName"]).toBe("robot$cache+ci");
  const news = await checked(robotAccount, {
    ...inputs,
    description: "for builds",
    duration: 30,
    disable: true,
    permissions: [
      { ...IN_CACHE[0], access: [{ resource: "repository", action: "push" }, ...PULL] },
    ] as Properties[],
  });
  const after = await robotAccount.update(context, URN, id, inputs, state, news, false);
  expect(after).toEqual({ ...state, ...news });
  expect(await lab.read(id, news, after)).toEqual({ id, inputs: news, state: after });
  await robotAccount.update(context, URN, id, news, after, inputs, false);

  await lab.client.put(`/robots/${id}`, { ...news, name: "robot$cache+ci" });
  const drifted = (await lab.read(id, inputs, state))?.inputs ?? {};
  expect(Object.keys(robotAccount.diff(id, drifted, state, inputs).detailed)).toEqual([
    "description",
    "duration",
    "disable",
    "permissions[0].access[1]",
  ]);
  await robotAccount.update(context, URN, id, drifted, state, inputs, false);
  expect(await lab.read(id, inputs, state)).toEqual({ id, inputs, state });
  expect(await lab.login(state)).toBe(200);

  const elsewhere = { ...inputs, permissions: [{ ...IN_CACHE[0], namespace: "other" }] } as Properties;
  const kinds = (changed: Properties) =>
    Object.values(robotAccount.diff(id, inputs, state, changed).detailed).map(({ kind }) => kind);
  expect(kinds(elsewhere)).toEqual(["update-replace"]);
  expect(kinds({ ...inputs, name: "cd" })).toEqual(["update-replace"]);
  expect(kinds({ ...inputs, level: "system" })).toEqual(["update-replace"]);
});

test("a robot is imported by number and by name, and its secret is made anew", async () => {
  const system = await lab.make({ name: "svc-a", description: "d" });
  const project = await lab.make({ name: "svc", level: "project", permissions: IN_CACHE });
  await lab.client.put("/configurations", { robot_name_prefix: "bot-" });
  try {
    for (const id of [system.id, "svc-a"]) {
      expect(await lab.read(id)).toMatchObject({
        id: system.id,
        inputs: system.inputs,
        state: { fullName: "bot-svc-a" },
      });
    }
    expect(await lab.read("cache/svc")).toMatchObject({ id: project.id, inputs: project.inputs });
    expect(await lab.read("nobody")).toBeUndefined();
    expect(await lab.read("nowhere/svc")).toBeUndefined();
    // The prefix follows its setting; the robot is the same, and can still be changed.
    const renamed = await lab.read(system.id, system.inputs, system.state);
    expect(renamed?.inputs).toEqual(system.inputs);
    const news = { ...system.inputs, description: "e" };
    const after = await robotAccount.update(
      system.context,
      URN,
      system.id,
      system.inputs,
      system.state,
      news,
      false,
    );
    expect(after).toMatchObject({ fullName: "bot-svc-a", secret: system.state["secret"] });

    const imported = await lab.read(system.id);
    const { inputs = {}, state = {} } = imported ?? {};
    expect(state["secret"]).toBeUndefined();
    expect(Object.keys(robotAccount.diff(system.id, inputs, state, inputs).detailed)).toEqual([
      "secret",
      "secretCreatedAt",
    ]);
    const renewed = await robotAccount.update(system.context, URN, system.id, inputs, state, inputs, false);
    expect(await lab.login(renewed)).toBe(200);
  } finally {
    await lab.client.put("/configurations", { robot_name_prefix: "robot$" });
  }
});

test("a robot can be read by one that may not ask for the prefix", async () => {
  const { id, inputs } = await lab.make({ name: "plain.name" });
  const reader = await lab.make({
    name: "reader",
    permissions: [{ kind: "system", namespace: "/", access: [{ resource: "robot", action: "read" }] }],
  });
  const provider = await ProviderClient.start([robotAccount]);
  try {
    await provider.configure({
      url: lab.harbor.url,
      username: text(reader.state["fullName"]),
      password: secret(text(reader.state["secret"])),
    });
    expect((await provider.read(TYPE, id)).inputs).toEqual(inputs);
    const denied = provider.update(TYPE, id, inputs, inputs, { ...inputs, disable: true });
    await expect(denied).rejects.toThrow(/403 .*robot account needs the permission/);
  } finally {
    await provider.close();
  }
});

test("a robot that was made anew by somebody else is not ours to change or delete", async () => {
  const { inputs, state, id, context } = await lab.make({ name: "gone" });
  await lab.client.delete(`/robots/${id}`);
  const theirs = await lab.make({ name: "gone" });
  await robotAccount.delete(contextFor(lab.client), URN, id, inputs, state);
  await expect(
    robotAccount.update(context, URN, id, inputs, state, { ...inputs, duration: 5 }, false),
  ).rejects.toThrow(/no such robot account/);
  expect(await lab.login(theirs.state)).toBe(200);
});

test("another robot of our number, whose name only ends as ours does, is not ours", async () => {
  const theirs = await lab.make({ name: "mail-sender" });
  const inputs = { ...theirs.inputs, name: "sender" };
  const state = { ...theirs.state, name: "sender" };
  expect(await lab.read(theirs.id, inputs, state)).toBeUndefined();
  await robotAccount.delete(contextFor(lab.client), URN, theirs.id, inputs, state);
  expect(await lab.login(theirs.state)).toBe(200);
});

test("a robot is bound again to a project that was made anew under its name", async () => {
  const access = [{ resource: "repository", action: "pull" }];
  const permissions = [{ kind: "project", namespace: "renewed", access }];
  const make = () =>
    lab.client.create("/projects", { project_name: "renewed" }, () => Promise.resolve(undefined));
  await make();
  const { id, inputs, state, context } = await lab.make({ name: "bound", permissions, projectIds: [1] });
  await lab.client.delete("/projects/renewed", true);
  await make();
  expect((await lab.read(id, inputs, state))?.inputs["permissions"]).toEqual([]);
  const news = { ...inputs, projectIds: [2] };
  expect(robotAccount.diff(id, inputs, state, news)).toMatchObject({
    detailed: { "projectIds[0]": { kind: "update" } },
  });
  await robotAccount.update(context, URN, id, inputs, state, news, false);
  expect((await lab.read(id, news, state))?.inputs).toEqual(news);
});

const ACTIONS = ["pull", "push", "read", "list"];
const permissions = fc.array(
  fc.record({
    kind: fc.constant("project"),
    namespace: fc.constantFrom("*", "cache", "other"),
    access: fc.array(
      fc.record({ resource: fc.constant("repository"), action: fc.constantFrom(...ACTIONS) }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

test("permissions in another order are the same; what diff calls unchanged, update leaves unchanged", async () => {
  const { id, state, context, inputs } = await lab.make({ name: "ordered" });
  let olds = inputs;
  await fc.assert(
    fc.asyncProperty(permissions, async (given) => {
      const news = await checked(robotAccount, { name: "ordered", permissions: given });
      const turned = given.toReversed().map((one) => ({ ...one, access: one.access.toReversed() }));
      const same = await checked(robotAccount, { name: "ordered", permissions: turned });
      expect(robotAccount.diff(id, news, state, same).detailed).toEqual({});

      await robotAccount.update(context, URN, id, olds, state, news, false);
      const updated = updateTime(id);
      await robotAccount.update(context, URN, id, news, state, same, false);
      expect(updateTime(id)).toBe(updated);
      expect((await lab.read(id, news, state))?.inputs).toEqual(news);
      olds = news;
    }),
    { numRuns: 15 },
  );
});

function updateTime(id: string): string | undefined {
  return lab.harbor.app.state.robots.find((robot) => robot.id === Number(id))?.updated;
}

const recorded = { name: "puller", description: "d", permissions: EVERYWHERE };

test("recorded: a robot is imported, changed and found gone", async () => {
  const file = "09-robots";
  const inputs = await checked(robotAccount, recorded);
  const imported = await recordedHarbor([`${file}/25`, "07-configurations/1"]);
  const read = await robotAccount.read(contextFor(imported.client), URN, "puller", {}, {});
  expect(read).toEqual({ id: "1", inputs, state: { ...inputs, robotId: 1, fullName: "robot$puller" } });
  expect(imported.unexpected()).toEqual([]);

  const changed = await recordedHarbor([28, 28, 39, 40].map((seq) => `${file}/${seq}`));
  const news = { ...inputs, description: "changed", disable: true };
  const state = { ...read?.state, secret: "s", secretCreatedAt: "2026-11-21T02:39:48.577Z" };
  const after = await robotAccount.update(contextFor(changed.client), URN, "1", inputs, state, news, false);
  expect(after).toEqual({ ...state, ...news });
  expect(changed.unexpected()).toEqual([]);

  const gone = await recordedHarbor([`${file}/62`]);
  expect(await robotAccount.read(contextFor(gone.client), URN, "1", inputs, state)).toBeUndefined();
});

test("recorded: a whole list, as Harbor sends where it ignores a filter, is looked through", async () => {
  const harbor = await recordedHarbor(["09-robots/22", "07-configurations/1"], undefined, undefined, {
    "/api/v2.0/robots": "/api/v2.0/robots?q=name%3Dsys",
  });
  const read = await robotAccount.read(contextFor(harbor.client), URN, "sys", {}, {});
  expect(read).toMatchObject({ id: "5", inputs: { name: "sys", level: "system" } });
});

test("recorded: the prefix is part of the shown name only", async () => {
  const harbor = await recordedHarbor(["09-robots/58"]);
  const inputs = await checked(robotAccount, {
    ...recorded,
    permissions: [{ ...EVERYWHERE[0], namespace: "proj" }] as Properties[],
  });
  const read = await robotAccount.read(contextFor(harbor.client), URN, "1", inputs, inputs);
  expect(read).toMatchObject({ inputs, state: { fullName: "bot+puller" } });
});

test("recorded: what Harbor refuses is told in its words", async () => {
  const body = {
    name: "x5",
    description: "d",
    permissions: [{ ...EVERYWHERE[0], namespace: "nosuch" }] as Properties[],
  };
  const harbor = await recordedHarbor(["09-robots/27", "09-robots/15"], undefined, undefined, {
    "/api/v2.0/robots?q=name%3Drobot%24puller": "/api/v2.0/robots?q=name%3Dx5",
  });
  const inputs = await checked(robotAccount, body);
  await expect(robotAccount.create(contextFor(harbor.client), URN, inputs, false)).rejects.toThrow(
    "404 to POST /api/v2.0/robots: project nosuch not found",
  );
  expect(harbor.unexpected()).toEqual([]);
});
