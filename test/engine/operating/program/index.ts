import * as pulumi from "@pulumi/pulumi";

import { Cache } from "../../../../components/cache/cache.ts";
import { loginFor } from "../../../../components/login/login-for.ts";
import { Maintenance } from "../../../../components/maintenance/maintenance.ts";
import { settingsFirst, settingsLast } from "../../../../components/maintenance/system-settings.ts";
import { Projects } from "../../../../components/projects/projects.ts";
import { ProgramRobot } from "../../../../components/robots/program-robot.ts";
import { Robots } from "../../../../components/robots/robots.ts";
import { loadSettings } from "../../../../config/load.ts";
import * as sdk from "../../../../provider/sdk.ts";
import type { Extra } from "./extra.ts";

const settings = loadSettings();
const given = new pulumi.Config("test");

const harbor = new sdk.Password("machine", {});
// Through another resource, so that a first preview has to do with an unknown connection.
const url = harbor.result.apply(() => given.require("url"));
const requestTimeout = 10;
const password = given.requireSecret("password");
const admin = new sdk.Provider("harbor-admin", { url, username: "admin", password, requestTimeout });
const system = { settings: settings.maintenance, admin, harbor };
const after = settingsFirst(system);
const { login: program } = new ProgramRobot("robot", { provider: admin, after, harbor });
const connection = new sdk.Provider("harbor", { url, ...program, requestTimeout }, { dependsOn: [...after] });
const cache = new Cache("cache", { registries: settings.registries, provider: connection, harbor });
const own = new Projects("projects", {
  projects: settings.projects,
  destinations: settings.destinations,
  provider: connection,
  protect: settings.protect,
  harbor,
});
const login = await loginFor("login", settings.login, {
  provider: connection,
  admin,
  harborUrl: "http://harbor.test",
  harbor,
  projects: { ...cache.projectNames, ...own.projectNames },
});
const robots = new Robots("robots", {
  robots: settings.robots,
  registries: settings.registries,
  provider: admin,
  after: [cache, own],
  projectIds: { ...cache.projectIds, ...own.projectIds },
  harbor,
});
const maintenance = new Maintenance("maintenance", {
  settings: settings.maintenance,
  provider: connection,
  harbor,
});
settingsLast(system, [cache, own, ...(login ? [login] : []), robots, maintenance]);

/** Resources that the components don't make, or not with all that can be set. */
const named = robots.named["ci"];
const providers = {
  admin,
  robot: connection,
  ...(named && { puller: new sdk.Provider("harbor-puller", { url, ...named, requestTimeout }) }),
};
const made = new Map<string, pulumi.Resource>();
/** Named by what comes after them. */
const extraProjects: sdk.Project[] = [];
for (const { type, name, args, by = "robot", endpoint } of given.requireObject<Extra[]>("extras")) {
  const registry = made.get(endpoint ?? "");
  const provider = providers[by];
  const resource = new sdk[type](
    name,
    { ...args, ...(registry instanceof sdk.Registry && { registryId: registry.registryId }) } as never,
    { dependsOn: [cache, own, ...(login ? [login] : []), ...extraProjects], ...(provider && { provider }) },
  );
  made.set(name, resource);
  if (resource instanceof sdk.Project) extraProjects.push(resource);
}

export const projects = cache.projects;
export const programRobot = program;
export const pullRobot = robots.pull ?? null;
export const robotAccounts = robots.named;
