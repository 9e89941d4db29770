import * as pulumi from "@pulumi/pulumi";

import { Cache } from "../../../components/cache/cache.ts";
import type { RegistrySettings } from "../../../config/settings.ts";
import { Password, Provider } from "../../../provider/sdk.ts";

const config = new pulumi.Config();
const generated = new Password("generated", {});
const provider = new Provider("harbor", {
  // Through another resource, so that a first preview has to do with an unknown connection.
  url: generated.result.apply(() => config.require("url")),
  username: "admin",
  password: config.requireSecret("password"),
  requestTimeout: 10,
});
const registries = config.requireObject<(RegistrySettings & { password?: string })[]>("registries");
const cache = new Cache("cache", {
  registries: registries.map(({ password, ...registry }) => ({
    ...registry,
    ...(password !== undefined && {
      credentials: { username: "bot", password: config.requireSecret("upstreamPassword") },
    }),
  })),
  provider,
  harbor: generated,
});

export const projects = cache.projects;
export const generatedPassword = generated.result;
