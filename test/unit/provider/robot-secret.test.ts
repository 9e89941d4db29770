/** The secret of a `RobotAccount`: told once, kept, made anew when it is due, and valid whatever is lost on the way. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { robotAccount } from "../../../provider/harbor/robot-account.ts";
import { PartialFailure } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import { contextFor, URN } from "./context.ts";
import { PASSWORD } from "./lab-harbor.ts";
import { ProviderClient, secret, unknownText, type Wire } from "./provider-client.ts";
import { EVERYWHERE, startRobotLab, type RobotLab } from "./robot-lab.ts";

const TYPE = "harborcache:harbor:RobotAccount";
const DAY = 86_400_000;

let lab: RobotLab;
beforeAll(async () => {
  lab = await startRobotLab();
});
afterAll(async () => {
  await lab.close();
});

test("the life of a robot: its secret works, is told once, stays secret and is made anew by a word", async () => {
  const provider = await ProviderClient.start([robotAccount]);
  try {
    await provider.configure({ url: lab.harbor.url, username: "admin", password: secret(PASSWORD) });
    const news = { name: "puller", permissions: EVERYWHERE, robotId: null, secret: null };
    const { inputs, failures } = await provider.check(TYPE, {}, news);
    expect({ inputs, failures }).toEqual({
      inputs: { name: "puller", level: "system", duration: -1, disable: false, permissions: EVERYWHERE },
      failures: [],
    });
    expect((await provider.create(TYPE, { ...inputs, permissions: unknownText }, true)).state).toMatchObject({
      robotId: unknownText,
      secret: secret(unknownText),
    });
    const { id, state } = await provider.create(TYPE, inputs);
    const first = secretOf(state);
    expect(state).toMatchObject({ robotId: Number(id), fullName: "robot$puller", secret: secret(first) });
    expect(await lab.login({ fullName: "robot$puller", secret: first })).toBe(200);
    expect(await provider.read(TYPE, id, inputs, state)).toEqual({ id, inputs, state });
    expect((await provider.diff(TYPE, id, inputs, state, inputs)).changes).toBe(false);

    const rotated = { ...inputs, rotation: "2026-11" };
    expect(await provider.diff(TYPE, id, inputs, state, rotated)).toMatchObject({
      replaces: [],
      detailed: { rotation: "ADD", secret: "UPDATE", secretCreatedAt: "UPDATE" },
    });
    // Until the up, the old one is what signs in.
    const planned = await provider.update(TYPE, id, inputs, state, rotated, true);
    expect(planned).toMatchObject({ secret: secret(first), secretCreatedAt: state["secretCreatedAt"] });
    const imported = await provider.update(
      TYPE,
      id,
      inputs,
      { ...inputs, robotId: Number(id) },
      inputs,
      true,
    );
    expect(imported).toMatchObject({ secret: secret(unknownText), secretCreatedAt: unknownText });
    const after = await provider.update(TYPE, id, inputs, state, rotated);
    expect(after["secret"]).toEqual(secret(secretOf(after)));
    expect(await lab.login({ fullName: "robot$puller", secret: first })).toBe(401);
    expect(await lab.login({ fullName: "robot$puller", secret: secretOf(after) })).toBe(200);
    expect((await provider.diff(TYPE, id, rotated, after, rotated)).changes).toBe(false);
    expect(provider.logged.join()).not.toMatch(new RegExp(`${first}|${secretOf(after)}`));

    // What a run made, it doesn't delete: a later one does.
    await robotAccount.delete(contextFor(lab.client), URN, id, rotated, after as Properties);
    expect((await provider.read(TYPE, id, rotated, after)).id).toBe("");
  } finally {
    await provider.close();
  }
});

function secretOf(state: Wire): string {
  return (state["secret"] as { value: string }).value;
}

test("a secret that is too old is made anew; the day is counted from when it was made", async () => {
  const { id, inputs, state } = await lab.make({ name: "aging", rotateAfterDays: 30 });
  const due = (age: number) => {
    const secretCreatedAt = new Date(Date.now() - age).toISOString();
    return Object.keys(robotAccount.diff(id, inputs, { ...state, secretCreatedAt }, inputs).detailed);
  };
  expect(due(29.9 * DAY)).toEqual([]);
  expect(due(30.1 * DAY)).toEqual(["secret", "secretCreatedAt"]);
});

test("a robot that a cut-off create left is finished with a secret that works; another's is left alone unless asked", async () => {
  const { id, inputs, state } = await lab.make({ name: "half" });
  const again = await lab.make({ name: "half" });
  expect(again.context.shown).toEqual([expect.stringMatching(/robot account half .*taken over/)]);
  expect(again.id).toBe(id);
  expect([await lab.login(state), await lab.login(again.state)]).toEqual([401, 200]);

  const wanted = { name: "half", description: "mine", disable: false };
  await expect(lab.make(wanted)).rejects.toThrow(
    /already has the robot account half.*description.*adopt: true/,
  );
  expect((await lab.read(id, inputs, again.state))?.inputs).toEqual(inputs);
  expect(await lab.login(again.state)).toBe(200);
  const adopted = await lab.make({ ...wanted, adopt: true });
  expect([adopted.id, await lab.login(again.state), await lab.login(adopted.state)]).toEqual([id, 401, 200]);
});

test("answers that are lost end in one robot with a secret that works", async () => {
  const lost = { kind: "reset", effect: "after" } as const;
  lab.harbor.faults.next({ method: "POST", path: "/api/v2.0/robots", fault: lost });
  const { id, inputs, state, context } = await lab.make({ name: "lost" });
  expect(lab.harbor.app.state.robots.filter(({ name }) => name === "lost")).toHaveLength(1);
  expect(await lab.login(state)).toBe(200);

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
  expect([await lab.login(state), await lab.login(after)]).toEqual([401, 200]);
});

test("a new secret that could not be read back is kept", async () => {
  const { id, inputs, state, context } = await lab.make({ name: "kept" });
  const path = `/api/v2.0/robots/${id}`;
  lab.harbor.faults.next({ method: "GET", path, times: 2, fault: { kind: "latency", ms: 0 } });
  lab.harbor.faults.next({ method: "GET", path, fault: { kind: "status", status: 500 } });
  const update = robotAccount.update(context, URN, id, inputs, state, { ...inputs, rotation: "1" }, false);
  const failure = await update.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PartialFailure);
  const kept = (failure as PartialFailure).state;
  expect([await lab.login(state), await lab.login(kept)]).toEqual([401, 200]);
});

test("in a Harbor that was set up again, what --replace made has the old one's number, and stays", async () => {
  const old = await lab.make({ name: "numbered" });
  await lab.client.delete(`/robots/${old.id}`);
  lab.harbor.app.state.sequences["robot"] = Number(old.id) - 1;
  const { id, state, inputs, context } = await lab.make({ name: "numbered" });
  expect(id).toBe(old.id);
  await robotAccount.delete(context, URN, old.id, inputs, old.state);
  expect(await lab.login(state)).toBe(200);
});
