/** The provider's schema: what `pulumi import` and `pulumi package get-schema` know of its resources. */
import type { FunctionModule, ResourceModule } from "./resource.ts";

export const VERSION = "0.1.0";

const string = { type: "string" };

const connection = {
  url: string,
  username: string,
  password: { ...string, secret: true },
  caCertificate: string,
  requestTimeout: string,
};

export function schemaText(resources: Iterable<ResourceModule>, functions: Iterable<FunctionModule>): string {
  return JSON.stringify({
    name: "harborcache",
    version: VERSION,
    meta: { moduleFormat: "(.*)" },
    config: { variables: connection },
    provider: { inputProperties: connection, properties: connection },
    resources: Object.fromEntries([...resources].map(({ type, schema }) => [type, schema])),
    functions: Object.fromEntries([...functions].map(({ token }) => [token, {}])),
  });
}
