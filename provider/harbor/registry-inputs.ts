/** The inputs of a `Registry`, checked by Harbor's own rules without asking it. */
import { z } from "zod";
import { certificate } from "../configuration.ts";
import { checkInputs, didYouMean } from "../inputs.ts";
import type { CheckFailure, CheckResult } from "../resource.ts";
import { isUnknown, type Properties } from "../values.ts";
import { PROXY_ADAPTERS, REPLICATION_ADAPTERS } from "./proxy-adapters.ts";

const endpointUrl = z.string().transform((text, context) => {
  const parsed = URL.parse(text);
  const problem =
    parsed === null || !["http:", "https:"].includes(parsed.protocol)
      ? "must be a URL with http or https, such as https://quay.io"
      : parsed.username !== "" || parsed.password !== ""
        ? "must not hold credentials: give accessId and accessSecret"
        : parsed.search !== "" || parsed.hash !== ""
          ? "must have no query and no fragment: Harbor drops them"
          : undefined;
  if (problem === undefined) return text.replace(/\/+$/, ""); // as Harbor stores it (quirk 22)
  context.addIssue({ code: "custom", message: problem });
  return z.NEVER;
});

export const registryShape = {
  name: z.string().min(1, "must not be empty").max(64, "must have at most 64 characters"),
  providerName: z.string(),
  endpointUrl,
  description: z.string().optional(),
  accessId: z.string().min(1, "must not be empty: leave it out").optional(),
  accessSecret: z.string().min(1, "must not be empty: leave it out").optional(),
  insecure: z.boolean().default(false),
  caCertificate: certificate.optional(),
  /** May projects cache it? False for one that is only replicated to or from. */
  proxyCache: z
    .boolean()
    .transform((may) => (may ? undefined : false)) // true is the default, and absent
    .optional(),
};

/** As Harbor's adapter reads the region out of it. */
const ECR =
  /^https:\/\/(api|\d+\.dkr)\.ecr(-fips)?\.[\w-]+\.(amazonaws\.com(\.cn)?|sc2s\.sgov\.gov|c2s\.ic\.gov)/;

const keyFile = z.object({
  type: z.literal("service_account"),
  client_email: z.string(),
  private_key: z.string(),
});

/** Inputs of a Registry that are known and checked. */
const known = z.object(registryShape);
export type RegistryInputs = z.infer<typeof known>;

export function parseRegistryInputs(inputs: Properties): RegistryInputs {
  return known.parse(inputs);
}

export function checkRegistry(news: Properties): CheckResult {
  const { inputs, failures } = checkInputs(registryShape, news);
  return { inputs, failures: [...failures, ...adapter(inputs), ...credentials(inputs)] };
}

function adapter({ providerName: type, proxyCache, endpointUrl: url }: Properties): CheckFailure[] {
  if (typeof type !== "string" || isUnknown(proxyCache)) return [];
  const known: readonly string[] = proxyCache === false ? REPLICATION_ADAPTERS : PROXY_ADAPTERS;
  const failure = (property: string, reason: string) => [{ property, reason }];
  if (type === "quay") {
    return failure(
      "providerName",
      "Harbor has removed the type quay (2.14): use docker-registry for quay.io",
    );
  }
  if (!known.includes(type)) {
    const other = (REPLICATION_ADAPTERS as readonly string[]).includes(type);
    const hint = other
      ? " For an endpoint that is only replicated to or from, set proxyCache: false."
      : didYouMean(type, known);
    return failure("providerName", `must be one of ${known.join(", ")}.${hint}`);
  }
  if (type !== "aws-ecr" || typeof url !== "string") return [];
  if (url.includes("public.ecr.aws")) {
    const reason = "aws-ecr is for private registries: use docker-registry for public.ecr.aws.";
    return failure("providerName", reason);
  }
  return ECR.test(url)
    ? []
    : failure(
        "endpointUrl",
        "must be the address of a private ECR: https://api.ecr.REGION.amazonaws.com or https://ACCOUNT.dkr.ecr.REGION.amazonaws.com",
      );
}

function credentials({ providerName: type, accessId, accessSecret }: Properties): CheckFailure[] {
  if ((accessId === undefined) !== (accessSecret === undefined)) {
    const property = accessId === undefined ? "accessId" : "accessSecret";
    return [{ property, reason: "accessId and accessSecret belong together: give both or none." }];
  }
  const failure = (property: string, reason: string) => [{ property, reason }];
  if (typeof accessId === "string") {
    if (accessId === "_json_key" && typeof accessSecret === "string" && !isKeyFile(accessSecret)) {
      return failure(
        "accessSecret",
        "must be the text of a service account's key file for the user _json_key: JSON with type, client_email and private_key.",
      );
    }
    if (type === "aws-ecr" && accessId.startsWith("ASIA")) {
      return failure(
        "accessId",
        "is a temporary key, whose session token Harbor can't hold: give a user's access key, or none for the machine's role.",
      );
    }
    return [];
  }
  if (accessId !== undefined) return [];
  // Without credentials these two can never be created: quirks 18 and 20.
  if (type === "google-gcr") {
    return failure(
      "providerName",
      "Without credentials a google-gcr endpoint is never healthy: use docker-registry for public images, or give accessId _json_key and the key file as accessSecret.",
    );
  }
  if (type === "harbor") {
    return failure(
      "accessId",
      "An endpoint of the type harbor needs credentials, such as a robot account's.",
    );
  }
  return [];
}

function isKeyFile(text: string): boolean {
  try {
    return keyFile.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
