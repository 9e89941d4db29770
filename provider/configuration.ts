/** The provider's own configuration: the connection to one Harbor. */
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { checkInputs } from "./inputs.ts";
import type { CheckResult } from "./resource.ts";
import { isUnknown, type Properties } from "./values.ts";

export interface HarborConnection {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** PEM. */
  readonly caCertificate?: string | undefined;
  /** Milliseconds. */
  readonly requestTimeout: number;
}

const url = z.string().transform((text, context) => {
  const parsed = URL.parse(text);
  const problem =
    parsed === null || !["http:", "https:"].includes(parsed.protocol)
      ? "must be Harbor's URL with its scheme, such as https://registry.example.com"
      : parsed.username !== "" || parsed.password !== ""
        ? "must not hold a user or a password; give username and password"
        : parsed.pathname !== "/" || parsed.search !== "" || parsed.hash !== ""
          ? "must be scheme, host and port only: Harbor can't be served under a path"
          : undefined;
  if (parsed === null || problem !== undefined) {
    context.addIssue({ code: "custom", message: problem ?? "" });
    return z.NEVER;
  }
  return parsed.origin;
});

/** A PEM certificate, or several, with the line ends that Harbor gives it. */
export const certificate = z
  .string()
  .transform((pem) => pem.replaceAll(/\r\n?/g, "\n").trim())
  .refine((pem) => isCertificate(pem), "must be a certificate in PEM, -----BEGIN CERTIFICATE----- and so on");

const seconds = z.coerce
  .number("must be a number of seconds")
  .min(1, "must be at least 1 second")
  .max(600, "must be at most 600 seconds");

const shape = {
  url,
  username: z.string().min(1, "must not be empty"),
  password: z.string().min(1, "must not be empty"),
  caCertificate: certificate.optional(),
  // The engine carries a provider's numbers as text.
  requestTimeout: seconds.transform(String).optional(),
};

/** What the engine puts beside a provider's own settings. */
const ENGINE_KEYS = ["version", "pluginDownloadURL"];

/** Checks the configuration. All of it may be absent: only Harbor's resources need a connection. */
export function checkConfiguration(news: Properties): CheckResult {
  const own = Object.entries(news).filter(([key]) => !ENGINE_KEYS.includes(key));
  const rest = Object.fromEntries(Object.entries(news).filter(([key]) => ENGINE_KEYS.includes(key)));
  if (own.every(([, value]) => value === null)) return { inputs: rest, failures: [] };
  const { inputs, failures } = checkInputs(shape, Object.fromEntries(own));
  return { inputs: { ...inputs, ...rest }, failures };
}

/** The connection, or undefined where none is configured or some of it is not known yet. */
export function parseConfiguration(args: Properties): HarborConnection | undefined {
  const { inputs, failures } = checkConfiguration(args);
  if (inputs["url"] === undefined || Object.values(inputs).some(isUnknown)) return undefined;
  const [failure] = failures;
  if (failure !== undefined) throw new Error(`harborcache provider, ${failure.property}: ${failure.reason}`);
  const config = z.object(shape).parse(inputs);
  return { ...config, requestTimeout: Number(config.requestTimeout ?? 30) * 1000 };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
