/** The resource `RobotAccount` against the Harbor stand-in and what a real Harbor answered. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { robotAccount } from "../../../provider/harbor/robot-account.ts";
import { PartialFailure } from "../../../provider/resource.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { PASSWORD, startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { ProviderClient, secret, unknownText, type Wire } from "./provider-client.ts";
import { recordedHarbor } from "./recorded-harbor.ts";

const TYPE = "harborcache:harbor:RobotAccount";
const DAY = 86_400_000;

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
  for (const project_name of ["cache", "other"]) {
    await lab.client.create("/projects", { project_name }, () => Promise.resolve(undefined));
  }
});
afterAll(async () => {
  await lab.close();
});

const pull = [{ resource: "repository", action: "pull" }];
const everywhere = [{ kind: "project", namespace: "*", access: pull }];
const inCache = [{ kind: "project", namespace: "cache", access: pull }];

async function create(news: Properties) {
  const inputs = await checked(robotAccount, { permissions: everywhere, ...news });
  const context = contextFor(lab.client);
  return { inputs, context, ...(await robotAccount.create(context, URN, inputs, false)) };
}

const read = (id: string, inputs: Properties = {}, state: Properties = inputs) =>
  robotAccount.read(contextFor(lab.client), URN, id, inputs, state);

/** Whether Harbor lets the robot in: 200 or 401. */
async function login({ fullName, secret: password }: Properties): Promise<number> {
  const basic = Buffer.from(`${String(fullName)}:${String(password)}`).toString("base64");
  const { status } = await fetch(`${lab.harbor.url}/v2/`, { headers: { authorization: `Basic ${basic}` } });
  return status;
}

test("check knows Harbor's rules", async () => {
  expect(
    await failuresOf(robotAccount, {
      name: "robot$x",
      duration: 0,
      rotateAfterDays: 0,
      permissions: [
        { kind: "system", namespace: "cache", access: pull },
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
    everywhere,
    [...inCache, ...everywhere],
    [{ ...inCache[0], kind: "system", namespace: "/" }],
  ]) {
    expect(
      await failuresOf(robotAccount, { ...onProject, permissions: permissions as Properties[] }),
    ).toEqual(oneProject);
  }
  expect(await failuresOf(robotAccount, { ...onProject, permissions: inCache })).toEqual([]);
  expect(
    await failuresOf(robotAccount, { ...onProject, permissions: [{ ...inCache[0], namespace: UNKNOWN }] }),
  ).toEqual([]);
});

test("the life of a robot: its secret works, is told once, stays secret and is made anew by a word", async () => {
  const provider = await ProviderClient.start([robotAccount]);
  try {
    await provider.configure({ url: lab.harbor.url, username: "admin", password: secret(PASSWORD) });
    const news = { name: "puller", permissions: everywhere, robotId: null, secret: null };
    const { inputs, failures } = await provider.check(TYPE, {}, news);
    expect({ inputs, failures }).toEqual({
      inputs: { name: "puller", level: "system", duration: -1, disable: false, permissions: everywhere },
      failures: [],
    });
    expect((await provider.create(TYPE, { ...inputs, permissions: unknownText }, true)).state).toMatchObject({
      robotId: unknownText,
      secret: secret(unknownText),
    });
    const { id, state } = await provider.create(TYPE, inputs);
    const first = secretOf(state);
    expect(state).toMatchObject({ robotId: Number(id), fullName: "robot$puller", secret: secret(first) });
    expect(await login({ fullName: "robot$puller", secret: first })).toBe(200);
    expect(await provider.read(TYPE, id, inputs, state)).toEqual({ id, inputs, state });
    expect((await provider.diff(TYPE, id, inputs, state, inputs)).changes).toBe(false);

    const rotated = { ...inputs, rotation: "2026-11" };
    expect(await provider.diff(TYPE, id, inputs, state, rotated)).toMatchObject({
      replaces: [],
      detailed: { rotation: "ADD", secret: "UPDATE", secretCreatedAt: "UPDATE" },
    });
    const planned = await provider.update(TYPE, id, inputs, state, rotated, true);
    expect(planned).toMatchObject({ secret: secret(unknownText), secretCreatedAt: unknownText });
    const after = await provider.update(TYPE, id, inputs, state, rotated);
    expect(after["secret"]).toEqual(secret(secretOf(after)));
    expect(await login({ fullName: "robot$puller", secret: first })).toBe(401);
    expect(await login({ fullName: "robot$puller", secret: secretOf(after) })).toBe(200);
    expect((await provider.diff(TYPE, id, rotated, after, rotated)).changes).toBe(false);
    expect(provider.logged.join()).not.toMatch(new RegExp(`${first}|${secretOf(after)}`));

    await provider.delete(TYPE, id, rotated, after);
    expect((await provider.read(TYPE, id, rotated, after)).id).toBe("");
  } finally {
    await provider.close();
  }
});

function secretOf(state: Wire): string {
  return (state["secret"] as { value: string }).value;
}

test("every property is updated in place, drift is seen, name, level and a robot's project replace", async () => {
  const { id, inputs, state, context } = await create({ name: "ci", level: "project", permissions: inCache });
  expect(state["fullName"]).toBe("robot$cache+ci");
  const news = await checked(robotAccount, {
    ...inputs,
    description: "for builds",
    duration: 30,
    disable: true,
    permissions: [
      { ...inCache[0], access: [{ resource: "repository", action: "push" }, ...pull] },
    ] as Properties[],
  });
  const after = await robotAccount.update(context, URN, id, inputs, state, news, false);
  expect(after).toEqual({ ...state, ...news });
  expect(await read(id, news, after)).toEqual({ id, inputs: news, state: after });
  await robotAccount.update(context, URN, id, news, after, inputs, false);

  await lab.client.put(`/robots/${id}`, { ...news, name: "robot$cache+ci" });
  const drifted = (await read(id, inputs, state))?.inputs ?? {};
  expect(Object.keys(robotAccount.diff(id, drifted, state, inputs).detailed)).toEqual([
    "description",
    "duration",
    "disable",
    "permissions[0].access[1]",
  ]);
  await robotAccount.update(context, URN, id, drifted, state, inputs, false);
  expect(await read(id, inputs, state)).toEqual({ id, inputs, state });
  expect(await login(state)).toBe(200);

  const elsewhere = { ...inputs, permissions: [{ ...inCache[0], namespace: "other" }] } as Properties;
  const kinds = (changed: Properties) =>
    Object.values(robotAccount.diff(id, inputs, state, changed).detailed).map(({ kind }) => kind);
  expect(kinds(elsewhere)).toEqual(["update-replace"]);
  expect(kinds({ ...inputs, name: "cd" })).toEqual(["update-replace"]);
  expect(kinds({ ...inputs, level: "system" })).toEqual(["update-replace"]);
});

test("a robot is imported by number and by name, and its secret is made anew", async () => {
  const system = await create({ name: "svc-a", description: "d" });
  const project = await create({ name: "svc", level: "project", permissions: inCache });
  await lab.client.put("/configurations", { robot_name_prefix: "bot-" });
  try {
    for (const id of [system.id, "svc-a"]) {
      expect(await read(id)).toMatchObject({
        id: system.id,
        inputs: system.inputs,
        state: { fullName: "bot-svc-a" },
      });
    }
    expect(await read("cache/svc")).toMatchObject({ id: project.id, inputs: project.inputs });
    expect(await read("nobody")).toBeUndefined();
    expect(await read("nowhere/svc")).toBeUndefined();
    // The prefix follows its setting; the robot is the same, and can still be changed.
    const renamed = await read(system.id, system.inputs, system.state);
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

    const imported = await read(system.id);
    const { inputs = {}, state = {} } = imported ?? {};
    expect(state["secret"]).toBeUndefined();
    expect(Object.keys(robotAccount.diff(system.id, inputs, state, inputs).detailed)).toEqual([
      "secret",
      "secretCreatedAt",
    ]);
    const renewed = await robotAccount.update(system.context, URN, system.id, inputs, state, inputs, false);
    expect(await login(renewed)).toBe(200);
  } finally {
    await lab.client.put("/configurations", { robot_name_prefix: "robot$" });
  }
});

test("a robot can be read by one that may not ask for the prefix", async () => {
  const { id, inputs } = await create({ name: "plain.name" });
  const reader = await create({
    name: "reader",
    permissions: [{ kind: "system", namespace: "/", access: [{ resource: "robot", action: "read" }] }],
  });
  const provider = await ProviderClient.start([robotAccount]);
  try {
    const { fullName = "", secret: password = "" } = reader.state;
    await provider.configure({
      url: lab.harbor.url,
      username: String(fullName),
      password: secret(String(password)),
    });
    expect((await provider.read(TYPE, id)).inputs).toEqual(inputs);
    const denied = provider.update(TYPE, id, inputs, inputs, { ...inputs, disable: true });
    await expect(denied).rejects.toThrow(/403 .*robot account needs the permission/);
  } finally {
    await provider.close();
  }
});

test("a secret that is too old is made anew; the day is counted from when it was made", async () => {
  const { id, inputs, state } = await create({ name: "aging", rotateAfterDays: 30 });
  const due = (age: number) => {
    const secretCreatedAt = new Date(Date.now() - age).toISOString();
    return Object.keys(robotAccount.diff(id, inputs, { ...state, secretCreatedAt }, inputs).detailed);
  };
  expect(due(29.9 * DAY)).toEqual([]);
  expect(due(30.1 * DAY)).toEqual(["secret", "secretCreatedAt"]);
});

test("a robot that a cut-off create left is finished with a secret that works; another's is left alone unless asked", async () => {
  const { id, inputs, state } = await create({ name: "half" });
  const again = await create({ name: "half" });
  expect(again.context.shown).toEqual([expect.stringMatching(/robot account half .*taken over/)]);
  expect(again.id).toBe(id);
  expect([await login(state), await login(again.state)]).toEqual([401, 200]);

  const wanted = { name: "half", description: "mine", disable: false };
  await expect(create(wanted)).rejects.toThrow(
    /already has the robot account half.*description.*adopt: true/,
  );
  expect((await read(id, inputs, again.state))?.inputs).toEqual(inputs);
  expect(await login(again.state)).toBe(200);
  const adopted = await create({ ...wanted, adopt: true });
  expect([adopted.id, await login(again.state), await login(adopted.state)]).toEqual([id, 401, 200]);
});

test("a robot that was made anew by somebody else is not ours to change or delete", async () => {
  const { inputs, state, id, context } = await create({ name: "gone" });
  await lab.client.delete(`/robots/${id}`);
  const theirs = await create({ name: "gone" });
  await robotAccount.delete(context, URN, id, inputs, state);
  await expect(
    robotAccount.update(context, URN, id, inputs, state, { ...inputs, duration: 5 }, false),
  ).rejects.toThrow(/no such robot account/);
  expect(await login(theirs.state)).toBe(200);
});

test("answers that are lost end in one robot with a secret that works", async () => {
  const lost = { kind: "reset", effect: "after" } as const;
  lab.harbor.faults.next({ method: "POST", path: "/api/v2.0/robots", fault: lost });
  const { id, inputs, state, context } = await create({ name: "lost" });
  expect(lab.harbor.app.state.robots.filter(({ name }) => name === "lost")).toHaveLength(1);
  expect(await login(state)).toBe(200);

  lab.harbor.faults.next({ method: "PATCH", fault: lost });
  const after = await robotAccount.update(
    context,
    URN,
    id,
    inputs,
    state,
    { ...inputs, rotation: "1" },
    false,
  );
  expect(lab.harbor.faults.pending).toBe(0);
  expect([await login(state), await login(after)]).toEqual([401, 200]);
});

test("a new secret that could not be read back is kept", async () => {
  const { id, inputs, state, context } = await create({ name: "kept" });
  const path = `/api/v2.0/robots/${id}`;
  lab.harbor.faults.next({ method: "GET", path, times: 2, fault: { kind: "latency", ms: 0 } });
  lab.harbor.faults.next({ method: "GET", path, fault: { kind: "status", status: 500 } });
  const update = robotAccount.update(context, URN, id, inputs, state, { ...inputs, rotation: "1" }, false);
  const failure = await update.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PartialFailure);
  const kept = (failure as PartialFailure).state;
  expect([await login(state), await login(kept)]).toEqual([401, 200]);
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
  const { id, state, context, inputs } = await create({ name: "ordered" });
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
      expect((await read(id, news, state))?.inputs).toEqual(news);
      olds = news;
    }),
    { numRuns: 15 },
  );
});

function updateTime(id: string): string | undefined {
  return lab.harbor.app.state.robots.find((robot) => robot.id === Number(id))?.updated;
}

const recorded = { name: "puller", description: "d", permissions: everywhere };

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

test("recorded: the prefix is part of the shown name only", async () => {
  const harbor = await recordedHarbor(["09-robots/58"]);
  const inputs = await checked(robotAccount, {
    ...recorded,
    permissions: [{ ...everywhere[0], namespace: "proj" }] as Properties[],
  });
  const read = await robotAccount.read(contextFor(harbor.client), URN, "1", inputs, inputs);
  expect(read).toMatchObject({ inputs, state: { fullName: "bot+puller" } });
});

test("recorded: what Harbor refuses is told in its words", async () => {
  const body = {
    name: "x5",
    description: "d",
    permissions: [{ ...everywhere[0], namespace: "nosuch" }] as Properties[],
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
