/** EC2's instance metadata, version 2 only, for one role: a stand-in of what a machine's containers get keys from. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

import { listen } from "./listen.ts";
import type { Listening } from "./listen.ts";

const ROLE = "harbor-cache";
const CREDENTIALS = "/latest/meta-data/iam/security-credentials/";

export interface AwsCredentials {
  readonly accessKeyId: string;
  /** A role's have one, a user's don't. */
  readonly sessionToken?: string;
}

export interface InstanceMetadata extends Listening {
  /** What it gives out. */
  readonly credentials: AwsCredentials;
}

export async function serveInstanceMetadata(address: string): Promise<InstanceMetadata> {
  const token = randomBytes(16).toString("hex");
  const credentials = {
    accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString("hex"),
    sessionToken: randomBytes(32).toString("hex"),
  };
  const server = createServer(({ method, url = "", headers }, response) => {
    const end = (status: number, text: string) => response.writeHead(status).end(text);
    if (method === "PUT" && url === "/latest/api/token") {
      const lifetime = headers["x-aws-ec2-metadata-token-ttl-seconds"];
      if (lifetime === undefined) return end(400, "");
      response.setHeader("x-aws-ec2-metadata-token-ttl-seconds", lifetime);
      return end(200, token);
    }
    if (headers["x-aws-ec2-metadata-token"] !== token) return end(401, "");
    if (url === CREDENTIALS) return end(200, ROLE);
    if (url !== `${CREDENTIALS}${ROLE}`) return end(404, "");
    const now = new Date();
    return end(
      200,
      JSON.stringify({
        Code: "Success",
        Type: "AWS-HMAC",
        LastUpdated: now.toISOString(),
        Expiration: new Date(now.getTime() + 3_600_000).toISOString(),
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        Token: credentials.sessionToken,
      }),
    );
  });
  return { ...(await listen(server, address)), credentials };
}
