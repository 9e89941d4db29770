/**
 * Route53: moto answers, and before it stands a gate that lets through only what a policy allows to the one caller that it
 * knows, and writes down every call.
 */
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";

import { request } from "undici";

import { freePort } from "../../../lab/free-port.ts";
import { edgePrograms } from "../../../tools/edge-programs.ts";
import { startServer } from "../machine/processes.ts";
import { policyAllows } from "./iam-policy.ts";
import type { AwsCall } from "./iam-policy.ts";
import type { AwsCredentials } from "./instance-metadata.ts";
import { listen } from "./listen.ts";

const API = "/2013-04-01";

export interface Route53 {
  /** What clients are given as endpoint. */
  readonly url: string;
  readonly zoneId: string;
  /** What was asked so far, in order, and whether it was let through. */
  readonly calls: readonly (AwsCall & { readonly allowed: boolean })[];
  /** Values of a TXT record. */
  txt(name: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface Route53Options {
  readonly address: string;
  /** Name of the public zone that is made. */
  readonly zone: string;
  /** JSON. */
  readonly policy: (zoneId: string) => string;
  readonly credentials: AwsCredentials;
}

export async function startRoute53({ address, zone, policy, credentials }: Route53Options): Promise<Route53> {
  const port = await freePort();
  const moto = await startServer(
    edgePrograms().moto,
    ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    { ready: (said) => said.includes("Running on") },
  );
  const motoUrl = `http://127.0.0.1:${port}`;
  const motoZone = await makeZone(motoUrl, zone).catch(async (error: unknown) => {
    await moto.stop();
    throw error;
  });
  // As all ids of Route53's begin, and moto's don't.
  const zoneId = `Z${motoZone}`;
  const document = policy(zoneId);
  const calls: (AwsCall & { allowed: boolean })[] = [];

  const gate = createServer((incoming, response) => {
    void (async () => {
      const body = Buffer.concat(await incoming.toArray());
      const call = callOf(incoming, body.toString());
      const allowed = call !== undefined && isSignedBy(incoming, credentials) && policyAllows(document, call);
      calls.push({ ...(call ?? unknownCall(incoming)), allowed });
      if (!allowed) return response.writeHead(403).end(ACCESS_DENIED);
      const answer = await request(`${motoUrl}${incoming.url?.replace(zoneId, motoZone) ?? ""}`, {
        method: incoming.method as "GET" | "POST",
        headers: { authorization: incoming.headers.authorization, "content-type": "application/xml" },
        body: body.length === 0 ? null : body,
      });
      response.writeHead(answer.statusCode, { "content-type": "text/xml" });
      return response.end(await answer.body.text());
    })();
  });
  const listening = await listen(gate, address);
  return {
    url: listening.url,
    zoneId,
    calls,
    txt: async (name) => {
      const answer = await request(`${motoUrl}${API}/hostedzone/${motoZone}/rrset`, { headers: FOR_MOTO });
      return recordSets(await answer.body.text())
        .filter((set) => set.type === "TXT" && set.name === `${name}.`)
        .flatMap(({ values }) => values);
    },
    stop: async () => {
      await listening.stop();
      await moto.stop();
    },
  };
}

/** It finds the service that is meant by the signature's scope. */
const FOR_MOTO = {
  authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/route53/aws4_request",
};

const ACCESS_DENIED =
  "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>" +
  "<Message>not authorized to perform this</Message></Error></ErrorResponse>";

async function makeZone(url: string, name: string): Promise<string> {
  const answer = await request(`${url}${API}/hostedzone`, {
    method: "POST",
    headers: FOR_MOTO,
    body: `<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>${name}.</Name><CallerReference>test</CallerReference></CreateHostedZoneRequest>`,
  });
  const text = await answer.body.text();
  const id = /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(text)?.[1];
  if (id === undefined) throw new Error(`moto made no zone: ${text}`);
  return id;
}

/** The action of a request, by Route53's API; undefined for one that this project has no use for. */
function callOf({ method, url = "" }: IncomingMessage, body: string): AwsCall | undefined {
  const path = new URL(url, "http://route53").pathname.replace(/\/$/, "");
  if (!path.startsWith(`${API}/`)) return undefined;
  const words = path.slice(API.length + 1).split("/");
  const call = (action: string, resource: string, context: AwsCall["context"] = {}) => ({
    action: `route53:${action}`,
    resource,
    context,
  });
  if (method === "GET" && words[0] === "change")
    return call("GetChange", `arn:aws:route53:::change/${words[1]}`);
  if (words[0] !== "hostedzone" || words[2] !== "rrset") return undefined;
  const zone = `arn:aws:route53:::hostedzone/${words[1]}`;
  if (method === "GET") return call("ListResourceRecordSets", zone);
  const sets = recordSets(body);
  return call("ChangeResourceRecordSets", zone, {
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": sets.map(({ name }) =>
      name.toLowerCase().replace(/\.$/, ""),
    ),
    "route53:ChangeResourceRecordSetsRecordTypes": sets.map(({ type }) => type),
  });
}

const unknownCall = ({ method = "", url = "" }: IncomingMessage): AwsCall => ({
  action: `${method} ${url}`,
  resource: "",
  context: {},
});

function isSignedBy({ headers }: IncomingMessage, { accessKeyId, sessionToken }: AwsCredentials): boolean {
  return (
    headers.authorization?.includes(`Credential=${accessKeyId}/`) === true &&
    headers["x-amz-security-token"] === sessionToken
  );
}

function recordSets(xml: string) {
  return [...xml.matchAll(/<ResourceRecordSet>.*?<\/ResourceRecordSet>/gs)].map(([set]) => ({
    name: /<Name>([^<]*)<\/Name>/.exec(set)?.[1] ?? "",
    type: /<Type>([^<]*)<\/Type>/.exec(set)?.[1] ?? "",
    values: [...set.matchAll(/<Value>(?:"|&quot;|&#34;)?([^<"&]*)/g)].map(([, value]) => value ?? ""),
  }));
}
