/**
 * `harborcache:harbor:OidcAuth`: login by OpenID Connect. Its id is `oidc`. The admin goes on signing in with the
 * password, at `/account/sign-in` and by Basic auth (quirk 39).
 */
import { z } from "zod";
import type { Properties } from "../values.ts";
import type { HarborClient } from "./client.ts";
import {
  getConfigurations,
  putConfigurations,
  readOnlyProblem,
  type Configurations,
  type Settings,
} from "./configurations-api.ts";
import { isStatus, isTimeout } from "./harbor-error.ts";
import { harborSetting } from "./harbor-setting.ts";
import { oidcShape, type OidcInputs } from "./oidc-inputs.ts";
import { withoutUndefined } from "./without-undefined.ts";

const OIDC = "oidc_auth";
const LOCAL = "db_auth";

/** Of a new Harbor: none of our settings, the secret included, outlives the resource. */
const DEFAULTS = {
  auth_mode: LOCAL,
  primary_auth_mode: false,
  oidc_name: "",
  oidc_endpoint: "",
  oidc_client_id: "",
  oidc_client_secret: "",
  oidc_scope: "",
  oidc_groups_claim: "",
  oidc_admin_group: "",
  oidc_group_filter: "",
  oidc_user_claim: "",
  oidc_verify_cert: true,
  oidc_auto_onboard: false,
  oidc_logout: false,
  oidc_extra_redirect_parms: "{}",
} as const satisfies Settings;

export const oidcAuth = harborSetting({
  type: "harborcache:harbor:OidcAuth",
  what: "OIDC login",
  shape: oidcShape,
  hidden: ["oidcClientSecret", "checkIssuer"],
  outputs: [],
  secretInputs: ["oidcClientSecret"],

  id: () => "oidc",

  async get(harbor) {
    const { values } = await getConfigurations(harbor);
    return values["auth_mode"] === OIDC ? toInputs(values) : undefined;
  },

  async apply(harbor, _id, wanted) {
    const before = await getConfigurations(harbor);
    const settings = toSettings(wanted);
    await requireMode(harbor, before);
    const problem = readOnlyProblem(before, settings);
    if (problem !== undefined) throw new Error(problem);
    if (wanted.checkIssuer) await ping(harbor, wanted);
    await putConfigurations(harbor, before, settings);
  },

  async reset(harbor, _id, inputs) {
    const before = await getConfigurations(harbor);
    const { auth_mode: mode, oidc_endpoint: endpoint, oidc_client_id: client } = before.values;
    if (mode !== OIDC) return undefined;
    if (endpoint !== inputs["oidcEndpoint"] || client !== inputs["oidcClientId"]) {
      return `Harbor's login goes to another issuer or client now (${String(endpoint)}, ${String(client)}): it is left as it is.`;
    }
    if (usersExist(before)) {
      return (
        "Harbor's login stays with OIDC: auth_mode can't go back to db_auth while there are users besides admin. To have it " +
        "back, delete them in Harbor and set auth_mode there."
      );
    }
    const problem = readOnlyProblem(before, DEFAULTS);
    if (problem === undefined) await putConfigurations(harbor, before, DEFAULTS);
    return problem;
  },
});

const users = z.array(z.object({ username: z.string() }));

/** The mode alone is fixed while users exist; with CONFIG_OVERWRITE_JSON all is. */
function usersExist({ fixed }: Configurations): boolean {
  return fixed.has("auth_mode") && !fixed.has("oidc_name");
}

/** Harbor changes its mode only while admin is the only user. */
async function requireMode(harbor: HarborClient, before: Configurations): Promise<void> {
  const mode = String(before.values["auth_mode"]);
  if (mode === OIDC || !usersExist(before)) return;
  const names = (await harbor.get("/users?page_size=6", users)).map(({ username }) => username);
  const list = names.length > 5 ? [...names.slice(0, 5), "…"] : names;
  throw new Error(
    `Harbor's login can't change from ${mode} to ${OIDC} any more: it has users besides admin (${list.join(", ")}). Harbor changes ` +
      "auth_mode only while admin is its only user, that is before anyone has logged in. Delete these users in Harbor " +
      "(Administration, Users), then run pulumi up again. Nothing was changed.",
  );
}

async function ping(harbor: HarborClient, { oidcEndpoint, oidcVerifyCert }: OidcInputs): Promise<void> {
  const body = { url: oidcEndpoint, verify_cert: oidcVerifyCert };
  await harbor.post("/system/oidc/ping", body).catch((error: unknown) => {
    // Harbor waits for a firewall that swallows it longer than we wait for Harbor.
    if (!isStatus(error, 400) && !isTimeout(error)) throw error;
    const document = `${oidcEndpoint.replace(/\/$/, "")}/.well-known/openid-configuration`;
    throw new Error(
      `Harbor itself, not this machine, has to read ${document}, and could not. Does the name resolve on the Harbor machine and ` +
        "is the port open from there? Does Harbor trust the CA of its certificate (harbor.caCertificate)? Does " +
        "the document name exactly this issuer, up to a slash at the end? Nothing was changed; checkIssuer: false writes " +
        `without asking. ${error.message}`,
      { cause: error },
    );
  });
}

function toSettings(wanted: OidcInputs): Record<keyof typeof DEFAULTS, Settings[string]> {
  return {
    auth_mode: OIDC,
    primary_auth_mode: wanted.primaryAuthMode,
    oidc_name: wanted.oidcName,
    oidc_endpoint: wanted.oidcEndpoint,
    oidc_client_id: wanted.oidcClientId,
    oidc_client_secret: wanted.oidcClientSecret,
    oidc_scope: wanted.oidcScope,
    oidc_groups_claim: wanted.oidcGroupsClaim,
    oidc_admin_group: wanted.oidcAdminGroup ?? "",
    oidc_group_filter: wanted.oidcGroupFilter ?? "",
    oidc_user_claim: wanted.oidcUserClaim ?? "",
    oidc_verify_cert: wanted.oidcVerifyCert,
    oidc_auto_onboard: wanted.oidcAutoOnboard,
    oidc_logout: wanted.oidcLogout,
    oidc_extra_redirect_parms: JSON.stringify(wanted.oidcExtraRedirectParms ?? {}),
  };
}

const text = z.string().catch("");
const flag = z.boolean().catch(false);
const parameters = z.record(z.string(), z.coerce.string());

function toInputs(values: Settings): Properties {
  const optional = (key: string) => text.parse(values[key]) || undefined;
  return withoutUndefined({
    oidcName: text.parse(values["oidc_name"]),
    oidcEndpoint: text.parse(values["oidc_endpoint"]),
    oidcClientId: text.parse(values["oidc_client_id"]),
    oidcScope: text.parse(values["oidc_scope"]),
    oidcGroupsClaim: text.parse(values["oidc_groups_claim"]),
    oidcAdminGroup: optional("oidc_admin_group"),
    oidcGroupFilter: optional("oidc_group_filter"),
    oidcUserClaim: optional("oidc_user_claim"),
    oidcVerifyCert: flag.parse(values["oidc_verify_cert"]),
    oidcAutoOnboard: flag.parse(values["oidc_auto_onboard"]),
    oidcLogout: flag.parse(values["oidc_logout"]),
    oidcExtraRedirectParms: extraParameters(text.parse(values["oidc_extra_redirect_parms"])),
    primaryAuthMode: flag.parse(values["primary_auth_mode"]),
  });
}

/** JSON in a string (38). */
function extraParameters(json: string): Properties | undefined {
  const found = parameters.parse(JSON.parse(json === "" ? "{}" : json));
  return Object.keys(found).length === 0 ? undefined : found;
}
