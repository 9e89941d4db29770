import { readFileSync } from "node:fs";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { stepScript } from "../host/step-script.ts";
import { edgeFolder } from "./edge-machine.ts";

export type SelfSigned = Extract<Tls, { mode: "self-signed" }>;

/** Both steps print one line with the server certificate's fingerprint; after it come CA certificates, where it has any. */
interface Machine {
  readonly hostname: string;
  readonly harbor: HarborSettings;
}

/**
 * Makes or renews the CA and the server certificate. Keys are made on the machine and stay there.
 *
 * @param now decides how often the step looks whether a renewal is due: it runs again when half of
 * `renewBeforeDays` has gone by, and not at every `pulumi up`.
 */
export function selfSignedScript({ hostname, harbor }: Machine, tls: SelfSigned, now: Date): string {
  const period = (tls.renewBeforeDays * 86_400_000) / 2;
  return stepScript({
    body: part("certificate-files") + part("self-signed"),
    settings: {
      ...folders(harbor),
      hostname,
      validity_days: tls.validityDays,
      renew_before_days: tls.renewBeforeDays,
      renewal_check: Math.floor(now.getTime() / period),
    },
    seconds: harbor.timeouts.step,
  });
}

/** Checks and installs a certificate that was given. */
export function providedScript(
  { hostname, harbor }: Machine,
  pair: { readonly certificate: string; readonly privateKey: string },
): string {
  return stepScript({
    body: part("certificate-files") + part("provided"),
    settings: {
      ...folders(harbor),
      hostname,
      certificate: pair.certificate,
      private_key: pair.privateKey,
    },
    seconds: harbor.timeouts.step,
  });
}

function folders({ installDir, dataDir }: HarborSettings) {
  return {
    edge_dir: edgeFolder(dataDir),
    // Never mounted into a container.
    ca_dir: `${dataDir}/.harbor-cache/tls`,
    openssl_log: `${installDir}/log/openssl.log`,
  };
}

function part(name: string): string {
  return readFileSync(new URL(`./steps/${name}.sh`, import.meta.url), "utf8");
}
