import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Provider as Cluster } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

import type { DexClientSettings } from "../../config/settings.ts";
import { Password } from "../../provider/sdk.ts";
import { dexClientName } from "./dex-client-name.ts";

const labels = { "app.kubernetes.io/managed-by": "harbor-cache" };

/**
 * Harbor as a client of dex, in dex's own cluster.
 * @returns the client's secret, made once
 */
export function dexClient(
  name: string,
  client: DexClientSettings,
  redirectUri: string,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const secret = pulumi.secret(new Password(`${name}-client-secret`, {}, { parent }).result);
  const { kubeconfig, kubeconfigFile, context, namespace } = client;
  const file = kubeconfig ?? kubeconfigFile;
  const provider = new Cluster(
    `${name}-cluster`,
    {
      // Empty, the plugin looks for it by KUBECONFIG at each run. Absent, the SDK would put that path into the state, and
      // the plugin fails on every computer that has the file elsewhere.
      kubeconfig: file ?? "",
      ...(context !== undefined && { context }),
      namespace,
      // Client-side apply would keep the secret in clear in an annotation.
      enableServerSideApply: true,
      // What somebody else has changed on our objects is set back.
      enablePatchForce: true,
      // Else another secret would delete the Secret first, and dex could not start meanwhile.
      enableSecretMutable: true,
    },
    { parent },
  );
  const options = { parent, provider };
  switch (client.mode) {
    case "oauth2client":
      new CustomResource(
        `${name}-client`,
        {
          apiVersion: "dex.coreos.com/v1",
          kind: "OAuth2Client",
          metadata: { name: dexClientName(client.id), namespace, labels },
          name: client.name,
          secret,
          redirectURIs: [redirectUri],
        },
        {
          ...options,
          additionalSecretOutputs: ["secret"],
          // Pulumi takes an argument `id` for the resource's own, and drops it (pulumi/pulumi issue 14501).
          transforms: [({ props, opts }) => ({ props: { ...props, id: client.id }, opts })],
        },
      );
      break;
    case "secret":
      new Secret(
        `${name}-client`,
        {
          metadata: { name: client.secretName, namespace, labels },
          stringData: { [client.secretKey]: secret },
        },
        options,
      );
  }
  return secret;
}
