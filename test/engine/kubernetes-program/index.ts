import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const secret = config.requireSecret("secret");
const provider = new Provider("cluster", {
  kubeconfig: config.requireSecret("kubeconfig"),
  context: config.require("context"),
  namespace: "dex",
  enableSecretMutable: true,
  enablePatchForce: config.getBoolean("force") ?? false,
});

const client = new CustomResource(
  "client",
  {
    apiVersion: "dex.coreos.com/v1",
    kind: "OAuth2Client",
    metadata: { name: config.require("name") },
    secret,
    redirectURIs: [config.require("redirect")],
  },
  {
    provider,
    // The SDK takes a property `id` for its own and drops it (pulumi/pulumi issue 13781), unless a transform adds it.
    transforms: [({ props, opts }) => ({ props: { ...props, id: "harbor-cache" }, opts })],
  },
);
new Secret(
  "secret",
  { metadata: { name: "harbor-cache-client" }, stringData: { HARBOR_CACHE_SECRET: secret } },
  { provider },
);

export const uid = client.metadata.uid;
