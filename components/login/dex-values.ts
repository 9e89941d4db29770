/** What dex's chart is told of the client in mode `secret`: everything but its secret. */
import { stringify } from "yaml";
import type { DexClientSettings } from "../../config/settings.ts";

type SecretClient = Extract<DexClientSettings, { mode: "secret" }>;

/** Where dex sends people back to; it compares the whole text. */
export function redirectUri(harborUrl: string): string {
  return `${harborUrl}/c/oidc/callback`;
}

/** Values of the chart `dex` (charts.dexidp.io), for helm's `-f` or a helmfile's release. */
export function renderDexValues(client: SecretClient, harborUrl: string): string {
  const { staticClients, envFrom } = entries(client, harborUrl);
  return (
    "# Made by harbor-cache for dex's chart; changes here are overwritten. Helm replaces lists as a whole: where dex has\n" +
    "# other clients or other envFrom, put these entries among them.\n" +
    stringify({ config: { staticClients }, envFrom }, { lineWidth: 0 })
  );
}

/** The same as values of a helmfile's environment, whose templates can join them with other clients. */
export function renderHelmfileValues(client: SecretClient, harborUrl: string): string {
  return (
    "# Made by harbor-cache for a helmfile's environment; changes here are overwritten. A values template of dex's release\n" +
    "# joins them with its own: {{ .Values.harborCacheDex.staticClients | toYaml }}, and envFrom alike.\n" +
    stringify({ harborCacheDex: entries(client, harborUrl) }, { lineWidth: 0 })
  );
}

function entries({ id, name, secretName, secretKey }: SecretClient, harborUrl: string) {
  return {
    staticClients: [{ id, name, secretEnv: secretKey, redirectURIs: [redirectUri(harborUrl)] }],
    envFrom: [{ secretRef: { name: secretName } }],
  };
}
