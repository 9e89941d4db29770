/** Settings of a login, read from what people write. */
import type { LoginSettings } from "../../../config/settings.ts";
import { settingsOf, valid } from "../config/valid.ts";

/** By dex with an OAuth2Client in a cluster that is named, where nothing else is given. */
export function loginOf(given: object = {}): LoginSettings {
  const client = { mode: "oauth2client", context: "production" };
  const login = { issuer: "https://dex.example.com", client, ...given };
  const tree = { ...valid(), gitops: { folder: "rendered" }, login };
  const settings = settingsOf(tree, new Set(["harbor-cache:login"])).login;
  if (settings === undefined) throw new Error("login was not read");
  return settings;
}
