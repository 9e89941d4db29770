import * as pulumi from "@pulumi/pulumi";

import type { LoginSettings } from "../../config/settings.ts";
import { OidcAuth, ProjectMemberGroup, type Provider } from "../../provider/sdk.ts";
import { dexClient } from "./dex-client.ts";
import { redirectUri } from "./dex-values.ts";
import { loginWarnings } from "./warnings.ts";

export interface LoginArgs {
  readonly settings: LoginSettings;
  /** Makes groups members of projects. */
  readonly provider: Provider;
  /** Harbor's administrator, whose alone its way of login is. */
  readonly admin: Provider;
  /** Harbor's external URL with scheme and without path, as browsers know it. */
  readonly harborUrl: string;
  /** What Harbor lives in. Where that is destroyed too, nothing is undone in it. */
  readonly harbor: pulumi.Resource;
  /** The stack's projects by name, each known once it exists. */
  readonly projects: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Login by OpenID Connect: Harbor's settings, the client that it is to dex, and groups that are members of projects. */
export class Login extends pulumi.ComponentResource {
  /**
   * What nodes wait for: Harbor's way of login can't change any more once somebody has signed in. The client in dex's
   * cluster isn't in it, as that cluster may need this cache to come up.
   */
  readonly auth: pulumi.Resource;
  /** Where the issuer sends people back to, for a client that somebody else makes. */
  readonly redirectUri: string;

  constructor(name: string, args: LoginArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Login", name, {}, opts);
    const { settings, harborUrl } = args;
    for (const warning of loginWarnings(settings, harborUrl)) void pulumi.log.warn(warning, this);
    this.redirectUri = redirectUri(harborUrl);
    const { client } = settings;
    const secret =
      client.mode === "existing" ? client.secret : dexClient(name, client, this.redirectUri, this);
    const inHarbor = { parent: this, deletedWith: args.harbor };
    this.auth = new OidcAuth(name, harborSettings(settings, secret), {
      ...inHarbor,
      provider: args.admin,
    });
    for (const { group, role, projects } of settings.members) {
      for (const project of projects ?? Object.keys(args.projects)) {
        new ProjectMemberGroup(
          `${name}-${project}/${group}`,
          { project: args.projects[project] ?? project, groupName: group, role },
          // Harbor knows groups of the issuer only where people sign in by it.
          { ...inHarbor, provider: args.provider, dependsOn: [this.auth] },
        );
      }
    }
    this.registerOutputs({ redirectUri: this.redirectUri });
  }
}

function harborSettings(settings: LoginSettings, secret: pulumi.Output<string>) {
  const { adminGroup, groupFilter, userClaim } = settings;
  return {
    oidcName: settings.name,
    oidcEndpoint: settings.issuer,
    oidcClientId: settings.client.id,
    oidcClientSecret: secret,
    oidcScope: settings.scope,
    oidcGroupsClaim: settings.groupsClaim,
    ...(adminGroup !== undefined && { oidcAdminGroup: adminGroup }),
    ...(groupFilter !== undefined && { oidcGroupFilter: groupFilter }),
    ...(userClaim !== undefined && { oidcUserClaim: userClaim }),
    oidcVerifyCert: settings.verifyCertificate,
    oidcAutoOnboard: settings.autoOnboard,
    oidcLogout: settings.logout,
    oidcExtraRedirectParms: settings.extraRedirectParameters,
    primaryAuthMode: settings.primary,
    checkIssuer: settings.checkIssuer,
  };
}
