/** The inputs of `OidcAuth`, checked as Harbor, which accepts anything, doesn't (quirk 37). */
import { isIP } from "node:net";
import { z } from "zod";
import { isLoopback } from "../loopback.ts";
import { refine } from "../nodes/ssh-inputs.ts";

export const oidcShape = {
  oidcName: z.string().min(1, "must not be empty: it is shown on Harbor's login page"),
  oidcEndpoint: z.string().superRefine(refine(issuerProblem)),
  oidcClientId: z.string().min(1, "must not be empty"),
  // An empty one would overwrite Harbor's (36).
  oidcClientSecret: z.string().min(1, "must not be empty"),
  oidcScope: z
    .string()
    .superRefine(refine(scopeProblem))
    .default("openid,profile,email,groups,offline_access"),
  oidcGroupsClaim: z.string().min(1, "must not be empty").default("groups"),
  oidcAdminGroup: z.string().min(1, "must not be empty").optional(),
  oidcGroupFilter: z
    .string()
    .min(1, "must not be empty")
    .superRefine(refine(regularExpressionProblem))
    .optional(),
  oidcUserClaim: z.string().min(1, "must not be empty").optional(),
  oidcVerifyCert: z.boolean().default(true),
  oidcAutoOnboard: z.boolean().default(false),
  oidcLogout: z.boolean().default(false),
  oidcExtraRedirectParms: z
    .record(z.string(), z.string("must be text"))
    .transform((parameters) => (Object.keys(parameters).length === 0 ? undefined : parameters))
    .optional(),
  primaryAuthMode: z.boolean().default(false),
  checkIssuer: z.boolean().default(true),
};

export type OidcInputs = z.infer<z.ZodObject<typeof oidcShape>>;

/** Logins go to the issuer, so plain HTTP is for a test on one machine only. */
export function issuerProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    return "must be the issuer's URL, as its discovery document says it: https://dex.example.com/dex";
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "must be https; http is for loopback only";
  if (url.username !== "" || url.password !== "") return "must not hold a user or a password";
  if (url.search !== "" || url.hash !== "") return "must have no query and no fragment";
  if (text.includes("/.well-known/")) return "must be the issuer itself, without /.well-known/…";
  return isIP(url.hostname) === 0 && /[A-Z]/.test(text.slice(0, url.origin.length))
    ? "must have its host in lower case: the issuer is compared as text"
    : undefined;
}

/** Harbor splits at commas only. */
export function scopeProblem(text: string): string | undefined {
  if (/\s/.test(text)) return "must be parted by commas without blanks: openid,profile,email";
  if (text.split(",").includes("")) return "must not have an empty scope between commas";
  return text.split(",").includes("openid") ? undefined : "must have openid among its scopes";
}

/** Harbor's are Go's, whose only differences that matter here are these. */
export function regularExpressionProblem(text: string): string | undefined {
  if (/\(\?<?[=!]/.test(text)) return "must not look ahead or behind: Harbor's regular expressions can't";
  if (/\\[1-9]/.test(text)) return "must have no back references: Harbor's regular expressions can't";
  const here = text.replace(/^\(\?[imsU]+\)/, "").replaceAll("(?P<", "(?<");
  try {
    new RegExp(here);
    return undefined;
  } catch (error) {
    return `must be a regular expression: ${error instanceof Error ? error.message : ""}`;
  }
}
