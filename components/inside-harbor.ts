/** Everything that lives inside a running Harbor, in the order that Harbor wants it in. */
import type * as pulumi from "@pulumi/pulumi";

import type { Settings } from "../config/settings.ts";
import { Provider } from "../provider/sdk.ts";
import type { ProviderArgs } from "../provider/sdk.ts";
import { Cache } from "./cache/cache.ts";
import type { Login } from "./login/login.ts";
import { loginFor } from "./login/login-for.ts";
import { Maintenance } from "./maintenance/maintenance.ts";
import { settingsFirst, settingsLast } from "./maintenance/system-settings.ts";
import { Projects } from "./projects/projects.ts";
import { ProgramRobot } from "./robots/program-robot.ts";
import { Robots } from "./robots/robots.ts";

export interface InsideHarborArgs {
  readonly settings: Settings;
  /** What Harbor lives in; where that is destroyed too, nothing in it is deleted one by one. */
  readonly harbor: pulumi.Resource;
  /** How Harbor is reached. */
  readonly connection: Omit<ProviderArgs, "username" | "password">;
  readonly adminPassword: pulumi.Input<string>;
  /** Harbor's external URL, plain, as browsers know it. */
  readonly externalUrl: string;
}

export interface InsideHarbor {
  /** Signs in as Harbor's administrator. */
  readonly admin: Provider;
  /** Signs in by `ownLogin`. */
  readonly connection: Provider;
  /** Of whom `maintenance.signInAs` says; the password is a secret. */
  readonly ownLogin: Pick<ProviderArgs, "username" | "password">;
  readonly cache: Cache;
  readonly projects: Projects;
  readonly login: Login | undefined;
  readonly robots: Robots;
}

export async function insideHarbor(args: InsideHarborArgs): Promise<InsideHarbor> {
  const { settings, harbor } = args;
  // Only for what Harbor lets no robot do: its settings, the login, and robots.
  const adminLogin = { username: "admin", password: args.adminPassword };
  const admin = new Provider("harbor-admin", { ...args.connection, ...adminLogin });
  const system = { settings: settings.maintenance, admin, harbor };
  const after = settingsFirst(system);
  const ownLogin =
    settings.maintenance.signInAs === "admin"
      ? adminLogin
      : new ProgramRobot("robot", { provider: admin, after, harbor }).login;
  const connection = new Provider("harbor", { ...args.connection, ...ownLogin }, { dependsOn: [...after] });

  const cache = new Cache("cache", { registries: settings.registries, provider: connection, harbor });
  const projects = new Projects("projects", {
    projects: settings.projects,
    destinations: settings.destinations,
    provider: connection,
    protect: settings.protect,
    harbor,
  });
  const login = await loginFor("login", settings.login, {
    provider: connection,
    admin,
    harborUrl: args.externalUrl,
    harbor,
    projects: { ...cache.projectNames, ...projects.projectNames },
  });
  const robots = new Robots("robots", {
    robots: settings.robots,
    registries: settings.registries,
    provider: admin,
    after: [cache, projects],
    projectIds: { ...cache.projectIds, ...projects.projectIds },
    harbor,
  });
  const maintenance = new Maintenance("maintenance", {
    settings: settings.maintenance,
    provider: connection,
    harbor,
  });
  settingsLast(system, [cache, projects, ...(login === undefined ? [] : [login]), robots, maintenance]);
  return { admin, connection, ownLogin, cache, projects, login, robots };
}
