import * as pulumi from "@pulumi/pulumi";

import { loginFor } from "../../../components/login/login-for.ts";
import { optionalLogin } from "../../../config/schema/login.ts";
import { Password, Project, Provider } from "../../../provider/sdk.ts";

const config = new pulumi.Config();
const harborUrl = config.require("harborUrl");
const provider = new Provider("harbor", {
  url: harborUrl,
  username: "admin",
  password: config.requireSecret("password"),
  requestTimeout: 10,
});
const platform = new Project("platform", { name: "platform" }, { provider });
// Stays, so that what is taken out of the settings is undone in Harbor.
const harbor = new Password("harbor", {});

// The schema makes secrets of what is secret in it.
const login = await loginFor("login", optionalLogin.parse(config.getObject("login")), {
  provider,
  admin: provider,
  harborUrl,
  harbor,
  projects: { platform: platform.name },
});

export const redirectUri = login?.redirectUri ?? null;
