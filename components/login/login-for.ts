import type * as pulumi from "@pulumi/pulumi";

import type { LoginSettings } from "../../config/settings.ts";
import type { Login, LoginArgs } from "./login.ts";

/** Login where the stack has one: only such a stack loads @pulumi/kubernetes. */
export async function loginFor(
  name: string,
  settings: LoginSettings | undefined,
  args: Omit<LoginArgs, "settings">,
  opts?: pulumi.ComponentResourceOptions,
): Promise<Login | undefined> {
  if (settings === undefined) return undefined;
  const { Login: Made } = await import("./login.ts");
  return new Made(name, { settings, ...args }, opts);
}
