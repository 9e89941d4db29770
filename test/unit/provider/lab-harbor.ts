/** The Harbor stand-in with an upstream beside it, for the time of one test file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startHarbor, type Harbor, type HarborOptions } from "../../../lab/harbor/harbor.ts";
import { startUpstream, type Upstream } from "../../../lab/upstream/server.ts";
import { HarborClient } from "../../../provider/harbor/client.ts";

export const PASSWORD = "Harbor-Admin-1";

export interface LabHarbor {
  readonly harbor: Harbor;
  /** Anonymous. */
  readonly upstream: Upstream;
  /** For puller / puller-secret. */
  readonly guarded: Upstream;
  readonly client: HarborClient;
  close(): Promise<void>;
}

export async function startLabHarbor(options: Partial<HarborOptions> = {}): Promise<LabHarbor> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "harbor-"));
  const harbor = await startHarbor({
    dataDir,
    adminPassword: PASSWORD,
    wrongPasswordDelayMs: 20,
    ...options,
  });
  const upstream = await startUpstream();
  const auth = { username: "puller", password: "puller-secret", scheme: "basic" } as const;
  const guarded = await startUpstream({ auth });
  const connection = { url: harbor.url, username: "admin", password: PASSWORD, requestTimeout: 10_000 };
  const client = new HarborClient(connection);
  return {
    harbor,
    upstream,
    guarded,
    client,
    async close() {
      await client.close();
      await Promise.all([harbor.close(), upstream.close(), guarded.close()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
