/** The resource `ProjectMemberGroup` against the Harbor stand-in and what a real Harbor answered. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { projectMemberGroup } from "../../../provider/harbor/member-group.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { recordedHarbor } from "./recorded-harbor.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
  // One whose name is another's number.
  for (const project_name of ["cache", "2"]) {
    await lab.client.create("/projects", { project_name }, () => Promise.resolve(undefined));
  }
});
beforeEach(() => {
  lab.harbor.app.settings.auth_mode = "oidc_auth";
});
afterAll(async () => {
  await lab.close();
});

async function create(news: Properties) {
  const inputs = await checked(projectMemberGroup, news);
  const context = contextFor(lab.client);
  return { inputs, context, ...(await projectMemberGroup.create(context, URN, inputs, false)) };
}

const read = (id: string, inputs: Properties = {}) =>
  projectMemberGroup.read(contextFor(lab.client), URN, id, inputs, inputs);

test("check knows the roles", async () => {
  expect(await failuresOf(projectMemberGroup, { project: "Cache", groupName: "", role: "admin" })).toEqual([
    expect.stringMatching(/^project: must be lower case/),
    "groupName: must not be empty",
    expect.stringMatching(/^role: .*projectadmin.*limitedguest/),
  ]);
});

test("project and group replace, a role is an update, unknown ones too", async () => {
  const inputs = await checked(projectMemberGroup, { project: "cache", groupName: "a", role: "guest" });
  const news: Properties = { project: UNKNOWN, groupName: "b", role: "developer" };
  expect(projectMemberGroup.diff("cache/a", inputs, inputs, news).detailed).toEqual({
    project: { kind: "update-replace" },
    groupName: { kind: "update-replace" },
    role: { kind: "update" },
  });
  expect(await projectMemberGroup.create(contextFor(lab.client), URN, news, true)).toEqual({
    id: "",
    state: news,
  });
});

test("the life of a member, in a project whose name is a number too", async () => {
  const { id, inputs, state, context } = await create({
    project: "2",
    groupName: "org/team a",
    role: "guest",
  });
  expect({ id, state }).toEqual({ id: "2/org/team a", state: inputs });
  expect(await read(id, inputs)).toEqual({ id, inputs, state });
  expect(await read(id)).toEqual({ id, inputs, state });
  expect(await read("cache/org/team a")).toBeUndefined();
  for (const role of ["projectadmin", "maintainer", "developer", "limitedguest"]) {
    const news = { ...inputs, role };
    await projectMemberGroup.update(context, URN, id, inputs, state, news, false);
    expect((await read(id, news))?.inputs).toEqual(news);
  }
  const drifted = await read(id, inputs);
  expect(projectMemberGroup.diff(id, drifted?.inputs ?? {}, state, inputs).detailed).toEqual({
    role: { kind: "update" },
  });
  const later = contextFor(lab.client);
  await projectMemberGroup.delete(later, URN, id, inputs, state);
  await projectMemberGroup.delete(later, URN, id, inputs, state);
  expect(await read(id, inputs)).toBeUndefined();
  await expect(
    projectMemberGroup.update(context, URN, id, inputs, state, { ...inputs, role: "developer" }, false),
  ).rejects.toThrow(/no such member group .* pulumi refresh/);
});

test("a membership with another role is taken over only when asked", async () => {
  const { inputs } = await create({ project: "cache", groupName: "ops", role: "guest" });
  const again = await create({ ...inputs });
  expect(again.context.shown).toEqual([expect.stringMatching(/ops in cache .*taken over/)]);
  const wanted = { ...inputs, role: "maintainer" };
  await expect(create(wanted)).rejects.toThrow(
    /already has the member group ops in cache .*other settings than wanted: role.*adopt: true/,
  );
  expect((await read("cache/ops"))?.inputs).toEqual(inputs);
  const adopted = await create({ ...wanted, adopt: true });
  expect((await read("cache/ops", adopted.inputs))?.inputs).toEqual(adopted.inputs);
  expect(projectMemberGroup.diff("cache/ops", adopted.inputs, adopted.state, wanted).detailed).toEqual({});
});

test("a group named like a user is another member", async () => {
  expect(await read("cache/admin")).toBeUndefined();
  const { id, inputs, state } = await create({
    project: "cache",
    groupName: "admin",
    role: "guest",
  });
  expect((await read(id, inputs))?.inputs).toEqual(inputs);
  await projectMemberGroup.delete(contextFor(lab.client), URN, id, inputs, state);
  expect(lab.harbor.app.state.members.filter(({ kind }) => kind === "u")).not.toEqual([]);
});

test("without OIDC, without the project, and with a broken id it says so", async () => {
  lab.harbor.app.settings.auth_mode = "db_auth";
  const group = { project: "cache", groupName: "late", role: "guest" };
  await expect(create(group)).rejects.toThrow(/login is db_auth.*Make the OidcAuth first/);
  lab.harbor.app.settings.auth_mode = "oidc_auth";
  await expect(create({ ...group, project: "nowhere" })).rejects.toThrow(/404 .*project nowhere not found/);
  await expect(read("late")).rejects.toThrow("'late' is no id of a member group: project/group");
});

test("recorded: a group becomes a member and gets another role", async () => {
  const by = (name: string) => ({
    "/api/v2.0/projects/7/members": `/api/v2.0/projects/${name}/members`,
    "/api/v2.0/projects/7/members/8": `/api/v2.0/projects/${name}/members/8`,
    "/api/v2.0/projects/imm/members": `/api/v2.0/projects/${name}/members?page_size=0`,
  });
  const list = "/api/v2.0/projects/imm/members?page_size=0";
  const file = "11-immutable-labels-members";
  const inputs = await checked(projectMemberGroup, {
    project: "imm",
    groupName: "team-a",
    role: "developer",
  });

  const made = await recordedHarbor(
    [`${file}/45`, "07-configurations/17", `${file}/26`],
    undefined,
    undefined,
    by("imm"),
  );
  // The list that follows was recorded once, by number: its answer is played below.
  await expect(projectMemberGroup.create(contextFor(made.client), URN, inputs, false)).rejects.toThrow(
    /written, but not read back/,
  );
  expect(made.unexpected()).toEqual([`GET ${list} : nothing more was expected (end)`]);

  const changed = await recordedHarbor(
    [35, 35, 38].map((seq) => `${file}/${seq}`),
    undefined,
    undefined,
    {
      ...by("imm"),
      "/api/v2.0/projects/7/members": list,
    },
  );
  await expect(
    projectMemberGroup.update(
      contextFor(changed.client),
      URN,
      "imm/team-a",
      inputs,
      inputs,
      { ...inputs, role: "maintainer" },
      false,
    ),
  ).rejects.toThrow(/not read back/);
  expect(changed.unexpected()).toEqual([`GET ${list} : nothing more was expected (end)`]);

  const seen = await recordedHarbor([`${file}/35`], undefined, undefined, {
    "/api/v2.0/projects/7/members": list,
  });
  expect((await projectMemberGroup.read(contextFor(seen.client), URN, "imm/team-a", {}, {}))?.inputs).toEqual(
    inputs,
  );
});
