import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import { basic } from "../../../lab/upstream/registry-client.ts";

const ADMIN = { username: "admin", password: "Harbor12345" };
let dir: string;
let harbor: Harbor;

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "harbor-settings-"));
  harbor = await startHarbor({ adminPassword: ADMIN.password, dataDir: dir });
});
afterEach(async () => {
  await harbor.close();
  rmSync(dir, { recursive: true, force: true });
});

async function api(method: string, url: string, body?: unknown, as = ADMIN) {
  const response = await fetch(`${harbor.url}/api/v2.0${url}`, {
    method,
    headers: { authorization: basic(as), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}
const put = (change: object) => api("PUT", "/configurations", change);

test("the client secret is kept encrypted and never shown; left out it stays, empty it goes", async () => {
  const secret = (): string => harbor.app.settings.oidc_client_secret;
  await put({ oidc_client_secret: "hidden-secret" });
  expect(harbor.app.keys.decrypt(secret())).toBe("hidden-secret");
  expect((await api("GET", "/configurations")).text).not.toContain("oidc_client_secret");
  expect(readFileSync(path.join(dir, "database", "harbor-standin.json"), "utf8")).not.toContain(
    "hidden-secret",
  );
  const stored = secret();
  for (const same of [{ oidc_name: "dex" }, { oidc_client_secret: null }]) {
    expect((await put(same)).status).toBe(200);
    expect(secret()).toBe(stored);
  }
  await put({ oidc_client_secret: "" });
  expect(secret()).toBe("");
});

test("settings outlive a restart, and one bad key refuses all", async () => {
  await put({ session_timeout: 90, robot_name_prefix: "bot$" });
  expect((await put({ session_timeout: 120, auth_mode: "bogus" })).status).toBe(400);
  await harbor.close();
  harbor = await startHarbor({ adminPassword: ADMIN.password, dataDir: dir });
  expect(harbor.app.settings).toMatchObject({
    session_timeout: 90,
    robot_name_prefix: "bot$",
    auth_mode: "db_auth",
  });
});

test("who may make projects, and how long registry tokens live, are settings too", async () => {
  const joe = { username: "joe", password: "Passw0rd1" };
  await api("POST", "/users", joe);
  await put({ project_creation_restriction: "adminonly", token_expiration: 5 });
  const refused = await api("POST", "/projects", { project_name: "joes" }, joe);
  expect(refused).toMatchObject({
    status: 403,
    text: expect.stringContaining("Only system admin can create project") as string,
  });
  const token = await fetch(`${harbor.url}/service/token?service=harbor-registry`);
  expect(await token.json()).toMatchObject({ expires_in: 300 });
});

test("a group's name needs OIDC to become a member of a project; the administrator signs in by password under it too", async () => {
  const member = { role_id: 4, member_group: { group_name: "ops", group_type: 3 } };
  expect((await api("POST", "/projects/library/members", member)).status).toBe(404);
  await put({ auth_mode: "oidc_auth", oidc_name: "dex" });
  expect((await api("POST", "/projects/library/members", member)).status).toBe(201);
  expect((await api("GET", "/projects/library/summary")).text).toContain('"maintainer_count":1');
  expect(harbor.app.state.userGroups).toMatchObject([{ name: "ops", type: 3 }]);
  expect((await api("DELETE", "/usergroups/1")).status).toBe(200);
  expect((await api("GET", "/projects/library/members")).text).not.toContain("ops");
});
