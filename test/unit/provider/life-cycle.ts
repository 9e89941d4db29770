/** The life of a resource, the same for every kind: previewed, made, changed, seen to drift, imported, deleted. */
import { expect } from "vitest";
import type { ReadResult, ResourceModule } from "../../../provider/resource.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import type { HarborClient } from "../../../provider/harbor/client.ts";
import { checked, contextFor, URN } from "./context.ts";

export interface Life {
  readonly module: ResourceModule;
  readonly harbor: HarborClient;
  readonly inputs: Properties;
  /** Each is applied on top of `inputs`, one after the other. */
  readonly changes: readonly Properties[];
  /** Changes it behind our back, once all changes were made; the names of what then differs. */
  readonly byHand: (id: string) => Promise<readonly string[]>;
  /** Of outputs that no input sets. */
  readonly outputs?: readonly string[];
}

export interface Made {
  readonly id: string;
  readonly inputs: Properties;
  readonly state: Properties;
}

export async function make(module: ResourceModule, harbor: HarborClient, news: Properties): Promise<Made> {
  const inputs = await checked(module, news);
  return { inputs, ...(await module.create(contextFor(harbor), URN, inputs, false)) };
}

export async function readBack(
  module: ResourceModule,
  harbor: HarborClient,
  { id, inputs, state }: Made,
): Promise<ReadResult | undefined> {
  return module.read(contextFor(harbor), URN, id, inputs, state);
}

/** Leaves the object as the last change made it; not deleted. */
export async function live({
  module,
  harbor,
  inputs: news,
  changes,
  byHand,
  outputs = [],
}: Life): Promise<Made> {
  const context = contextFor(harbor);
  await expectPreview(module, await checked(module, news), outputs);
  let made = await make(module, harbor, news);
  expect(Object.keys(made.state).sort()).toEqual([...Object.keys(made.inputs), ...outputs].sort());
  expect(await readBack(module, harbor, made)).toEqual(made);
  expect(module.diff(made.id, made.inputs, made.state, made.inputs).detailed).toEqual({});
  for (const change of changes) {
    const inputs = await checked(module, withoutNull({ ...news, ...change }));
    const { detailed } = module.diff(made.id, made.inputs, made.state, inputs);
    expect(Object.keys(detailed)).not.toEqual([]);
    expect(Object.values(detailed).filter(({ kind }) => kind.endsWith("replace"))).toEqual([]);
    const state = await module.update(context, URN, made.id, made.inputs, made.state, inputs, false);
    made = { id: made.id, inputs, state };
    expect(await readBack(module, harbor, made)).toEqual(made);
  }
  const names = await byHand(made.id);
  const drifted = await readBack(module, harbor, made);
  const drift = module.diff(made.id, drifted?.inputs ?? {}, drifted?.state ?? {}, made.inputs).detailed;
  expect(Object.keys(drift).map((path) => /^\w+/.exec(path)?.[0])).toEqual(
    expect.arrayContaining([...names]),
  );
  const state = await module.update(
    context,
    URN,
    made.id,
    drifted?.inputs ?? {},
    drifted?.state ?? {},
    made.inputs,
    false,
  );
  made = { ...made, state };
  expect(await readBack(module, harbor, made)).toEqual(made);
  expect(await module.read(context, URN, made.id, {}, {})).toEqual(made);
  return made;
}

/** A preview asks nobody, and says what is known. */
async function expectPreview(module: ResourceModule, inputs: Properties, outputs: readonly string[]) {
  const nobody = { harbor: () => expect.unreachable("a preview asks nobody") };
  const context = { ...contextFor(nobody as never), ...nobody };
  const unknown = Object.fromEntries(outputs.map((name) => [name, UNKNOWN]));
  expect(await module.create(context, URN, inputs, true)).toEqual({
    id: "",
    state: { ...inputs, ...unknown },
  });
  expect(await module.update(context, URN, "1", inputs, { ...inputs }, inputs, true)).toEqual(inputs);
  const none: Properties = Object.fromEntries(Object.keys(inputs).map((name) => [name, UNKNOWN]));
  expect(await module.check(undefined, none)).toEqual({ inputs: none, failures: [] });
}

/** Deleted twice, it is gone. */
export async function end(module: ResourceModule, harbor: HarborClient, made: Made): Promise<void> {
  const context = contextFor(harbor);
  for (let round = 0; round < 2; round++) {
    await module.delete(context, URN, made.id, made.inputs, made.state);
  }
  expect(context.shown).toEqual([]);
}

/** One that is there is taken over where it is as wanted, as after a lost answer; else only when asked. */
export async function expectAdoption(
  module: ResourceModule,
  harbor: HarborClient,
  made: Made,
  other: Properties,
): Promise<Made> {
  const context = contextFor(harbor);
  expect(await module.create(context, URN, made.inputs, false)).toEqual({ id: made.id, state: made.state });
  expect(context.shown).toEqual([expect.stringMatching(/^warning: .*taken over/)]);
  // As by pulumi up --replace, which makes the new one first.
  await module.delete(context, URN, made.id, made.inputs, made.state);
  expect(await readBack(module, harbor, made)).toEqual(made);
  const inputs = await checked(module, { ...made.inputs, ...other });
  const refused = module.create(contextFor(harbor), URN, inputs, false);
  await expect(refused).rejects.toThrow(
    new RegExp(`other settings than wanted: ${Object.keys(other).join(", ")}\\..*adopt: true`),
  );
  expect(await readBack(module, harbor, made)).toEqual(made);
  const adopting = { ...inputs, adopt: true };
  const { id, state } = await module.create(contextFor(harbor), URN, adopting, false);
  expect(id).toBe(made.id);
  const adopted = { id, inputs: adopting, state };
  expect(await readBack(module, harbor, adopted)).toEqual(adopted);
  return adopted;
}

/** Another object under our id is neither read, changed nor deleted. */
export async function expectOthersSafe(
  module: ResourceModule,
  harbor: HarborClient,
  made: Made,
  key: string,
): Promise<void> {
  const ours = { ...made, state: { ...made.state, [key]: "another" } };
  expect(await readBack(module, harbor, ours)).toBeUndefined();
  const context = contextFor(harbor);
  const update = module.update(context, URN, made.id, made.inputs, ours.state, made.inputs, false);
  await expect(update).rejects.toThrow(/pulumi refresh/);
  await module.delete(context, URN, made.id, made.inputs, ours.state);
  expect(context.shown).toEqual([expect.stringMatching(/^warning: .*left alone/)]);
  expect(await readBack(module, harbor, made)).toEqual(made);
}

/** A change to null takes the input out. */
function withoutNull(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null));
}
