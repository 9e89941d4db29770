/** The kind that dex keeps its clients in, as dex itself defines it (storage/kubernetes of dexidp/dex). */
import { setTimeout as sleep } from "node:timers/promises";

import type { KubeCluster } from "./kube-cluster.ts";

const GROUP = "dex.coreos.com";
const DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `oauth2clients.${GROUP}` },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: {
      kind: "OAuth2Client",
      listKind: "OAuth2ClientList",
      plural: "oauth2clients",
      singular: "oauth2client",
    },
    versions: [
      {
        ...{ name: "v1", served: true, storage: true },
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
const SERVED_MS = 30_000;

/** Path of dex's clients in a namespace, or of one. */
export const oauth2ClientPath = (namespace: string, name = ""): string =>
  `/apis/${GROUP}/v1/namespaces/${namespace}/oauth2clients${name === "" ? "" : `/${name}`}`;

/** Defines the kind, and waits until objects of it can be made. */
export async function defineOAuth2Client(cluster: KubeCluster): Promise<void> {
  const { status, body } = await cluster.ask(
    "POST",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    DEFINITION,
  );
  if (status !== 201) throw new Error(`the definition was refused (${status}): ${JSON.stringify(body)}`);
  const end = Date.now() + SERVED_MS;
  while ((await cluster.ask("GET", oauth2ClientPath("default"))).status !== 200) {
    if (Date.now() > end) throw new Error("the API server doesn't serve dex's kind");
    await sleep(50);
  }
}
