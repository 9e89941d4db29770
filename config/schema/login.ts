/** Login by OpenID Connect, and the client that it is to the issuer. */
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { issuerProblem, regularExpressionProblem, scopeProblem } from "../../provider/harbor/oidc-inputs.ts";
import type { ProjectRole } from "../../provider/sdk/login.ts";
import { kubeconfig, kubeconfigProblem } from "./kubeconfig.ts";
import { projectName } from "./registry.ts";
import { password } from "./secret.ts";
import { choice, flag, line, list, mapping, text, variant } from "./value.ts";

const issuer = text("https://dex.example.com", issuerProblem).describe(
  "The issuer, as its discovery document has it. Plain HTTP only on loopback.",
);

const scope = text("openid,profile,email,groups,offline_access", scopeProblem);

const groupFilter = text("^harbor-", (value) =>
  value === "" ? "is empty: leave it out" : regularExpressionProblem(value),
);

/** A `groupFilter`, written for Go, where flags stand at its beginning. */
export function groupPattern(filter: string): RegExp {
  const [, flags = "", rest = filter] = /^\(\?([imsU]+)\)(.*)$/s.exec(filter) ?? [];
  return new RegExp(rest.replaceAll("(?P<", "(?<"), flags.replace("U", ""));
}

/** The longest that dex's name of it is a name to Kubernetes: 253 characters of base32. */
const dexId = text("harbor-cache-oidc-dex", (value) =>
  /^[\x21-\x7e]{1,150}$/.test(value) ? undefined : "must be 1 to 150 ASCII characters without blanks",
)
  .default("harbor-cache-oidc-dex")
  .describe("The client's id, default harbor-cache-oidc-dex.");

const dexClient = {
  id: dexId,
  name: line("Harbor").default("Harbor").describe("What dex calls it before people, default Harbor."),
  kubeconfig: kubeconfig.exactOptional(),
  kubeconfigFile: text("~/.kube/config", (value) =>
    /^(\/|~\/)[^\0]+$/.test(value) ? undefined : "must be an absolute path, or begin with ~/",
  )
    .exactOptional()
    .describe("Path of a kubeconfig. Default: what KUBECONFIG names, else ~/.kube/config."),
  context: line("production").exactOptional().describe("Its context. Default: its current one."),
  namespace: text("dex", (value) =>
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value) ? undefined : "is not a namespace's name",
  )
    .default("dex")
    .describe("Namespace of dex, default dex."),
};

interface InCluster {
  readonly kubeconfig?: string;
  readonly kubeconfigFile?: string;
  readonly context?: string;
}

function checkKubeconfig(client: InCluster, context: z.RefinementCtx): void {
  if (client.kubeconfig === undefined) return;
  const problem =
    client.kubeconfigFile === undefined
      ? kubeconfigProblem(client.kubeconfig, client.context)
      : "can't be given beside kubeconfigFile: leave one of them out";
  if (problem !== undefined) context.addIssue({ code: "custom", path: ["kubeconfig"], message: problem });
}

/** Only after the check: nothing can be compared with a secret. */
function withSecretKubeconfig<T extends InCluster>({ kubeconfig: contents, ...client }: T) {
  return { ...client, ...(contents !== undefined && { kubeconfig: pulumi.secret(contents) }) };
}

const oauth2client = mapping("{ mode: oauth2client }", {
  mode: z.literal("oauth2client").describe("An OAuth2Client in dex's namespace, which dex reads at once."),
  ...dexClient,
})
  .superRefine(checkKubeconfig)
  .transform(withSecretKubeconfig);

const secret = mapping("{ mode: secret }", {
  mode: z
    .literal("secret")
    .describe("A Kubernetes Secret, and values for dex's chart that read the client's secret from it."),
  ...dexClient,
  secretName: text("harbor-cache-oidc-dex", (value) =>
    value.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value)
      ? undefined
      : "is not a name that Kubernetes takes",
  )
    .default("harbor-cache-oidc-dex")
    .describe("The Secret's name, default harbor-cache-oidc-dex."),
  secretKey: text("HARBOR_CACHE_CLIENT_SECRET", (value) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? undefined : "is not an environment variable's name",
  )
    .default("HARBOR_CACHE_CLIENT_SECRET")
    .describe("Its key, and the variable that dex reads. Default HARBOR_CACHE_CLIENT_SECRET."),
})
  .superRefine(checkKubeconfig)
  .transform(withSecretKubeconfig);

const existing = mapping("{ mode: existing, id: harbor, secret: { secure: … } }", {
  mode: z.literal("existing").describe("A client that somebody else has made, at dex or any other issuer."),
  id: line("harbor-cache-oidc-dex").describe("Its id."),
  secret: password.describe("Its secret, encrypted."),
});

export const client = variant("mode", ["oauth2client", "secret", "existing"], "{ mode: oauth2client }", [
  oauth2client,
  secret,
  existing,
]);

/** Our words first, then Harbor's own. */
const harborRole = {
  viewer: "guest",
  maintainer: "maintainer",
  admin: "projectadmin",
  developer: "developer",
  guest: "guest",
  limitedguest: "limitedguest",
  projectadmin: "projectadmin",
} as const satisfies Record<string, ProjectRole>;

export const member = mapping("{ group: platform, role: viewer }", {
  group: line("platform").describe("As the groups claim has it."),
  role: choice(["viewer", "maintainer", "admin", "developer", "guest", "limitedguest", "projectadmin"])
    .transform((role): ProjectRole => harborRole[role])
    .describe(
      "viewer (may pull and look), maintainer or admin of the project; or by Harbor's names: limitedguest, guest, " +
        "developer, maintainer, projectadmin.",
    ),
  projects: list("[proxy.docker.io]", projectName)
    .refine((names) => names.length > 0, {
      error: "must name a project, or be left out; for example: [proxy.docker.io]",
    })
    .exactOptional()
    .describe("Harbor projects, caches by their project's name. Default: all of this stack's."),
});

const parameters = z
  .record(z.string(), line("consent", 2048), {
    error: "must be a mapping of texts; for example: { prompt: consent }",
  })
  .refine((given) => Object.keys(given).every((key) => /^[A-Za-z0-9_.-]+$/.test(key)), {
    error: "must have names of letters, digits, _ . and -; for example: { prompt: consent }",
  });

export const login = mapping("{ issuer: https://dex.example.com, client: { mode: oauth2client } }", {
  issuer,
  name: line("dex", 64).default("dex").describe("The issuer's name on Harbor's login page, default dex."),
  client: client.describe("What Harbor is to the issuer."),
  scope: scope
    .default("openid,profile,email,groups,offline_access")
    .describe("Default openid,profile,email,groups,offline_access."),
  groupsClaim: line("groups").default("groups").describe("Claim that lists people's groups, default groups."),
  adminGroup: line("harbor-admins")
    .exactOptional()
    .describe("Its members are administrators of Harbor. Default: only the user admin is one."),
  groupFilter: groupFilter
    .exactOptional()
    .describe("Regular expression: Harbor takes over only these groups. Default: all."),
  userClaim: line("email").exactOptional().describe("Claim that becomes the user's name. Default: name."),
  verifyCertificate: flag().default(true).describe("Harbor checks the issuer's certificate. Default true."),
  autoOnboard: flag()
    .default(false)
    .describe("Take the user's name without asking at the first login; needs userClaim. Default false."),
  logout: flag().default(false).describe("Log out of the issuer too. Default false."),
  extraRedirectParameters: parameters
    .default({})
    .describe("Added to the way to the issuer. Default: nothing."),
  primary: flag()
    .default(false)
    .describe("Go to the issuer at once, without Harbor's login page. Default false."),
  checkIssuer: flag()
    .default(true)
    .describe("Harbor must reach the issuer before its settings change. Default true."),
  members: list("[{ group: platform, role: viewer }]", member)
    .default([])
    .describe("Groups that are members of projects."),
});
export type LoginSettings = z.output<typeof login>;

/** None where nothing is in it: of a setting that Pulumi.yaml declares, Pulumi wants a default. */
export const optionalLogin = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && Object.keys(value).length === 0 ? undefined : value,
  login.optional(),
);

export type ClientSettings = LoginSettings["client"];
/** Those whose client this stack makes in dex's cluster. */
export type DexClientSettings = Exclude<ClientSettings, { mode: "existing" }>;
