import * as pulumi from "@pulumi/pulumi";

import { insideHarbor } from "../../../../components/inside-harbor.ts";
import { loadSettings } from "../../../../config/load.ts";
import * as sdk from "../../../../provider/sdk.ts";
import type { Extra } from "./extra.ts";

const settings = await loadSettings();
const given = new pulumi.Config("test");

const harbor = new sdk.Password("machine", {});
// Through another resource, so that a first preview has to do with an unknown connection.
const url = harbor.result.apply(() => given.require("url"));
const requestTimeout = 10;
const {
  admin,
  connection,
  ownLogin,
  cache,
  projects: own,
  login,
  robots,
} = await insideHarbor({
  settings,
  harbor,
  connection: { url, requestTimeout },
  adminPassword: given.requireSecret("password"),
  externalUrl: "http://harbor.test",
});

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
export const programRobot = ownLogin;
export const pullRobot = robots.pull ?? null;
export const robotAccounts = robots.named;
