/** The inputs of a `Registry`, checked by Harbor's own rules without asking it. */
import { z } from "zod";
import { certificate } from "../configuration.ts";
import { checkInputs, didYouMean } from "../inputs.ts";
import type { CheckFailure, CheckResult } from "../resource.ts";
import { isUnknown, type Properties } from "../values.ts";
import { PROXY_ADAPTERS } from "./proxy-adapters.ts";

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

const providerName = z.string().superRefine((type, context) => {
  if ((PROXY_ADAPTERS as readonly string[]).includes(type)) return;
  const message =
    type === "quay"
      ? "Harbor has removed the type quay for proxy caches (2.14): use docker-registry for quay.io"
      : `must be one of ${PROXY_ADAPTERS.join(", ")}.${didYouMean(type, PROXY_ADAPTERS)}`;
  context.addIssue({ code: "custom", message });
});

const shape = {
  name: z.string().min(1, "must not be empty").max(64, "must have at most 64 characters"),
  providerName,
  endpointUrl,
  description: z.string().optional(),
  accessId: z.string().min(1, "must not be empty: leave it out").optional(),
  accessSecret: z.string().min(1, "must not be empty: leave it out").optional(),
  insecure: z.boolean().default(false),
  caCertificate: certificate.optional(),
};

/** Inputs of a Registry that are known and checked. */
const known = z.object(shape);
export type RegistryInputs = z.infer<typeof known>;

export function parseRegistryInputs(inputs: Properties): RegistryInputs {
  return known.parse(inputs);
}

export function checkRegistry(news: Properties): CheckResult {
  const { inputs, failures } = checkInputs(shape, news);
  return { inputs, failures: [...failures, ...combinations(inputs)] };
}

function combinations(inputs: Properties): CheckFailure[] {
  const { providerName: type, endpointUrl: url, accessId, accessSecret } = inputs;
  const failures: CheckFailure[] = [];
  if ((accessId === undefined) !== (accessSecret === undefined)) {
    const property = accessId === undefined ? "accessId" : "accessSecret";
    failures.push({ property, reason: "accessId and accessSecret belong together: give both or none." });
  }
  if (isUnknown(type) || accessId !== undefined) return failures;
  // Without credentials these two can never be created: quirks 18 and 20.
  if (type === "google-gcr") {
    const reason =
      "Without credentials a google-gcr endpoint is never healthy: use docker-registry for public images, or give accessId _json_key and the key file as accessSecret.";
    failures.push({ property: "providerName", reason });
  }
  if (type === "harbor") {
    failures.push({
      property: "accessId",
      reason: "An endpoint of the type harbor needs credentials, such as a robot account's.",
    });
  }
  if (type === "aws-ecr" && typeof url === "string" && url.includes("public.ecr.aws")) {
    failures.push({
      property: "providerName",
      reason: "aws-ecr is for private registries: use docker-registry for public.ecr.aws.",
    });
  }
  return failures;
}
