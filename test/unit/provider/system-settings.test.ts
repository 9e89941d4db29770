/** The resource `SystemSettings` against the Harbor stand-in and what a real Harbor answered. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemSettings } from "../../../provider/harbor/system-settings.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { settingsSchema } from "../../../lab/harbor/settings.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { json, misbehavingServer } from "./misbehaving-server.ts";
import { recordedHarbor } from "./recorded-harbor.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
});
beforeEach(() => {
  Object.assign(lab.harbor.app.settings, settingsSchema.parse({}));
});
afterAll(async () => {
  await lab.close();
});

const BANNER = { message: "Upgrade on friday", type: "info", closable: true, fromDate: "11/20/2026" };
const all: Properties = {
  readOnly: true,
  sessionTimeout: 120,
  tokenExpiration: 45,
  projectCreationRestriction: "adminonly",
  robotTokenDuration: 90,
  robotNamePrefix: "bot+",
  storagePerProject: 10_000,
  scannerSkipUpdatePulltime: true,
  bannerMessage: BANNER,
};

test("check knows Harbor's rules, and that something must be named", async () => {
  expect(await failuresOf(systemSettings, {})).toEqual([
    expect.stringMatching(/^: Name at least one setting/),
  ]);
  expect(await failuresOf(systemSettings, { readOnly: UNKNOWN })).toEqual([]);
  expect(
    await failuresOf(systemSettings, {
      sessionTimeout: 0,
      tokenExpiration: 10_000_000_000,
      projectCreationRestriction: "nobody",
      robotTokenDuration: -1,
      robotNamePrefix: "a b",
      storagePerProject: 0,
      bannerMessage: { message: "", fromDate: "31/12/2026", tpye: "info" },
    }),
  ).toEqual([
    "sessionTimeout: must be at least 1 minute",
    "tokenExpiration: must be at most 9999999999",
    expect.stringMatching(/^projectCreationRestriction: /),
    "robotTokenDuration: must be at least 1 day",
    "robotNamePrefix: must not be empty or have blanks",
    expect.stringMatching(/^storagePerProject: must be -1/),
    "bannerMessage.message: must not be empty",
    "bannerMessage.fromDate: must be a day as MM/DD/YYYY, such as 12/31/2026",
    expect.stringMatching(/^bannerMessage: .*tpye/),
  ]);
  expect(
    await failuresOf(systemSettings, {
      bannerMessage: { message: "m", fromDate: "12/31/2026", toDate: "12/30/2026" },
    }),
  ).toEqual(["bannerMessage: must not end before it begins"]);
  expect((await checked(systemSettings, { bannerMessage: { message: "m" } }))["bannerMessage"]).toEqual({
    message: "m",
    type: "warning",
    closable: false,
  });
});

test("only what is named is owned: the rest is neither changed nor drift", async () => {
  const inputs = await checked(systemSettings, { sessionTimeout: 90, bannerMessage: BANNER });
  const context = contextFor(lab.client);
  const { id, state } = await systemSettings.create(context, URN, inputs, false);
  expect({ id, state }).toEqual({ id: "system", state: inputs });
  expect(lab.harbor.app.settings).toEqual({
    ...settingsSchema.parse({}),
    session_timeout: 90,
    banner_message: JSON.stringify({ ...BANNER }),
  });
  await lab.client.put("/configurations", { token_expiration: 60 });
  expect(await systemSettings.read(context, URN, id, inputs, state)).toEqual({ id, inputs, state });

  await lab.client.put("/configurations", { session_timeout: 91, banner_message: "by hand" });
  const drifted = (await systemSettings.read(context, URN, id, inputs, state))?.inputs ?? {};
  expect(Object.keys(systemSettings.diff(id, drifted, state, inputs).detailed)).toEqual([
    "sessionTimeout",
    "bannerMessage.message",
    "bannerMessage.type",
    "bannerMessage.closable",
    "bannerMessage.fromDate",
  ]);
  await systemSettings.update(context, URN, id, drifted, state, inputs, false);
  expect(await systemSettings.read(context, URN, id, inputs, state)).toEqual({ id, inputs, state });

  // What is taken out goes back to Harbor's default; so does all of ours in the end.
  const less = await checked(systemSettings, { sessionTimeout: 90 });
  await systemSettings.update(context, URN, id, inputs, state, less, false);
  expect(lab.harbor.app.settings.banner_message).toBe("");
  await systemSettings.delete(contextFor(lab.client), URN, id, less, less);
  expect(lab.harbor.app.settings).toEqual({ ...settingsSchema.parse({}), token_expiration: 60 });
});

test("all of them are written, read only included, and brought back by an import", async () => {
  const inputs = await checked(systemSettings, all);
  const context = contextFor(lab.client);
  const { id } = await systemSettings.create(context, URN, inputs, false);
  expect(await systemSettings.read(context, URN, id, {}, {})).toEqual({ id, inputs, state: inputs });
  await expect(lab.client.put("/projects/library", { metadata: { public: "true" } }, true)).rejects.toThrow(
    /read only mode.*readOnly: false of SystemSettings/,
  );
  await systemSettings.delete(contextFor(lab.client), URN, id, inputs, inputs);
  expect(lab.harbor.app.settings).toEqual(settingsSchema.parse({}));
});

const some = fc
  .record(
    {
      readOnly: fc.boolean(),
      sessionTimeout: fc.integer({ min: 1, max: 3 }),
      projectCreationRestriction: fc.constantFrom("everyone", "adminonly"),
      storagePerProject: fc.constantFrom(-1, 1, 2 ** 50),
      bannerMessage: fc.record(
        {
          message: fc.string({ minLength: 1 }),
          type: fc.constantFrom("warning", "danger"),
          closable: fc.boolean(),
          toDate: fc.constantFrom("01/31/2027", "02/28/2027"),
        },
        { requiredKeys: ["message"] },
      ),
    },
    { requiredKeys: [] },
  )
  .filter((given) => Object.keys(given).length > 0);

test("what diff calls unchanged, update leaves unchanged; what it calls changed is as wanted afterwards", async () => {
  const context = contextFor(lab.client);
  await fc.assert(
    fc.asyncProperty(some, fc.oneof(some, fc.constant(undefined)), async (before, other) => {
      const olds = await checked(systemSettings, before);
      const news = await checked(systemSettings, other ?? before);
      await systemSettings.create(context, URN, olds, false);
      const was = { ...lab.harbor.app.settings };
      const { detailed } = systemSettings.diff("system", olds, olds, news);
      await systemSettings.update(context, URN, "system", olds, olds, news, false);
      if (Object.keys(detailed).length === 0) expect(lab.harbor.app.settings).toEqual(was);
      const read = await systemSettings.read(context, URN, "system", news, news);
      expect(systemSettings.diff("system", read?.inputs ?? {}, news, news).detailed).toEqual({});
    }),
    { numRuns: 30 },
  );
});

test("a Harbor whose settings are read-only says so, and keeps nobody from a destroy", async () => {
  const answer = json(200, {
    session_timeout: { value: 120, editable: false },
    read_only: { value: false, editable: false },
    scan_all_policy: {},
  });
  const server = await misbehavingServer([answer]);
  const context = contextFor(server.client);
  const inputs = await checked(systemSettings, { sessionTimeout: 90, readOnly: false });
  await expect(systemSettings.create(context, URN, inputs, false)).rejects.toThrow(
    /read-only, as with CONFIG_OVERWRITE_JSON .*: session_timeout can't be changed/,
  );
  const asThere = await checked(systemSettings, { sessionTimeout: 120 });
  expect((await systemSettings.create(context, URN, asThere, false)).state).toEqual(asThere);
  const destroying = contextFor(server.client);
  await systemSettings.delete(destroying, URN, "system", asThere, asThere);
  expect(destroying.shown).toEqual([expect.stringMatching(/^warning: .*session_timeout can't be changed/)]);
  expect(new Set(server.asked)).toEqual(new Set(["GET /configurations"]));
});

test("recorded: a setting is written, and all are imported", async () => {
  const harbor = await recordedHarbor(["1", "6", "8", "8"].map((seq) => `07-configurations/${seq}`));
  const context = contextFor(harbor.client);
  const inputs = await checked(systemSettings, { projectCreationRestriction: "adminonly" });
  await systemSettings.create(context, URN, inputs, false);
  expect((await systemSettings.read(context, URN, "system", {}, {}))?.inputs).toEqual({
    readOnly: false,
    sessionTimeout: 120,
    tokenExpiration: 60,
    projectCreationRestriction: "adminonly",
    robotTokenDuration: 90,
    robotNamePrefix: "bot$",
    storagePerProject: -1,
    scannerSkipUpdatePulltime: true,
  });
  expect(harbor.unexpected()).toEqual([]);
});

test("recorded: a banner is JSON in a string", async () => {
  const harbor = await recordedHarbor(["08-configurations-bad-values/40"]);
  const read = await systemSettings.read(
    contextFor(harbor.client),
    URN,
    "system",
    { bannerMessage: BANNER },
    {},
  );
  expect(read?.inputs).toEqual({ bannerMessage: { message: "hi", type: "info", closable: true } });
});
