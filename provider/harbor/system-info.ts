/** What Harbor says of itself: `/systeminfo`. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";

// False is left out of answers (quirk 11).
const answer = z.object({
  harbor_version: z.string(),
  external_url: z.string(),
  auth_mode: z.string(),
  read_only: z.boolean().default(false),
});

export interface SystemInfo {
  /** `2.15.2` */
  readonly version: string;
  readonly externalUrl: string;
  /** `db_auth`, `oidc_auth`, … */
  readonly authMode: string;
  readonly readOnly: boolean;
}

export async function systemInfo(harbor: HarborClient): Promise<SystemInfo> {
  const info = await harbor.get("/systeminfo", answer);
  return {
    // `v2.15.2-080b0220`
    version: /^v?(\d+\.\d+\.\d+)/.exec(info.harbor_version)?.[1] ?? info.harbor_version,
    externalUrl: info.external_url,
    authMode: info.auth_mode,
    readOnly: info.read_only,
  };
}
