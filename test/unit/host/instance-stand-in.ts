/**
 * Stand-ins for what a script on an EC2 instance talks to: the instance metadata service (version 2 only) and the API of
 * Systems Manager, which checks each request's signature by itself.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Where a real instance would find them; the certificate is for `ssm.REGION.DOMAIN`. */
export interface RealPlaces {
  readonly metadata: Place;
  readonly api: Place & { readonly key: string; readonly cert: string };
  readonly domain: string;
}

const anyPort: Place = { host: "127.0.0.1", port: 0 };

export const credentials = {
  AccessKeyId: "ASIAEXAMPLEEXAMPLE12",
  SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  Token: "IQoJb3JpZ2luX2VjEXAMPLE/TOKEN+with==signs",
};

export class InstanceStandIn {
  readonly instanceId = "i-0123456789abcdef0";
  readonly region = "eu-west-1";
  /** Answers of the metadata service and of the API that come before the right ones. */
  readonly metadataTrouble: Answer[] = [];
  readonly apiTrouble: Answer[] = [];
  /** What has been put, in order: each request's body. */
  readonly put: unknown[] = [];
  /** Why requests were refused. */
  readonly refused: string[] = [];
  readonly #tokens = new Set<string>();
  readonly #servers: Server[] = [];
  readonly #places: RealPlaces | undefined;
  metadata = "";
  api = "";

  constructor(places: RealPlaces | undefined) {
    this.#places = places;
  }

  /** Without places on ports of 127.0.0.1 that the system chooses, and the API without TLS. */
  static async start(places?: RealPlaces): Promise<InstanceStandIn> {
    const standIn = new InstanceStandIn(places);
    standIn.metadata = await standIn.#serve(
      (request) => Promise.resolve(standIn.metadataTrouble.shift() ?? standIn.#metadata(request)),
      places?.metadata ?? anyPort,
    );
    standIn.api = await standIn.#serve(
      async (request) => {
        const body = await text(request);
        return standIn.apiTrouble.shift() ?? standIn.#api(request, body);
      },
      places?.api ?? anyPort,
      places?.api,
    );
    return standIn;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  /** The port that the API listens on. */
  get apiPort(): string {
    return new URL(this.api).port;
  }

  async #serve(
    answer: (request: IncomingMessage) => Promise<Answer>,
    { host, port }: Place,
    tls?: RealPlaces["api"],
  ): Promise<string> {
    const listener: RequestListener = (request, response) => {
      void answer(request).then(({ status, body }) => {
        if (status !== 200)
          this.refused.push(`${status} ${request.method ?? ""} ${request.url ?? ""} ${body}`);
        response.writeHead(status).end(body);
      });
    };
    const server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, listener) : createServer(listener);
    this.#servers.push(server);
    server.listen(port, host);
    await once(server, "listening");
    return `${tls ? "https" : "http"}://${host}:${(server.address() as AddressInfo).port}`;
  }

  #metadata({ method, url = "", headers }: IncomingMessage): Answer {
    if (headers["x-forwarded-for"] !== undefined) return { status: 403, body: "forwarded" };
    if (url === "/latest/api/token") {
      const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      if (method !== "PUT" || !(seconds >= 1 && seconds <= 21600))
        return { status: 400, body: "no token so" };
      const token = randomBytes(16).toString("base64");
      this.#tokens.add(token);
      return { status: 200, body: token };
    }
    const token = headers["x-aws-ec2-metadata-token"];
    if (method !== "GET" || typeof token !== "string" || !this.#tokens.has(token)) {
      return { status: 401, body: "version 2 wants a token" };
    }
    const known: Record<string, string> = {
      "instance-id": this.instanceId,
      "placement/region": this.region,
      // Else in place of amazonaws.com.
      "services/domain": this.#places?.domain ?? "127.0.0.1",
      "iam/security-credentials/": "harbor-cache-role",
      "iam/security-credentials/harbor-cache-role": JSON.stringify({ Code: "Success", ...credentials }),
    };
    const body = known[url.replace("/latest/meta-data/", "")];
    return body === undefined ? { status: 404, body: "not found" } : { status: 200, body };
  }

  #api(request: IncomingMessage, body: string): Answer {
    const host = this.#places ? `ssm.${this.region}.${this.#places.domain}` : new URL(this.api).host;
    const problem = signatureProblem(request, body, this.region, host);
    if (problem !== undefined) return error("InvalidSignatureException", problem);
    const { headers, method, url } = request;
    if (method !== "POST" || url !== "/" || headers["content-type"] !== "application/x-amz-json-1.1")
      return error("UnknownOperationException", "not how the API is called");
    if (headers["x-amz-target"] !== "AmazonSSM.PutParameter")
      return error("AccessDeniedException", "the role may put its parameter and nothing else");
    this.put.push(JSON.parse(body));
    return { status: 200, body: JSON.stringify({ Tier: "Standard", Version: this.put.length }) };
  }
}

function error(type: string, message: string): Answer {
  return { status: 400, body: JSON.stringify({ __type: type, message }) };
}

/** AWS Signature Version 4, as AWS describes it, from what arrived. */
function signatureProblem(
  request: IncomingMessage,
  body: string,
  region: string,
  ownHost: string,
): string | undefined {
  const { authorization = "", host = "" } = request.headers;
  const header = (name: string) => String(request.headers[name] ?? "");
  const [, keyId, scope = "", signed = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  const time = header("x-amz-date");
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(Date.now() - at) < 300_000)) return "the signature is not of now";
  if (keyId !== credentials.AccessKeyId) return "the access key is unknown";
  if (header("x-amz-security-token") !== credentials.Token) return "the session token is missing or wrong";
  if (scope !== `${time.slice(0, 8)}/${region}/ssm/aws4_request`) return "the scope is another one";
  const names = signed.split(";");
  const wanted = ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"];
  if (names.join() !== names.toSorted().join() || wanted.some((name) => !names.includes(name)))
    return "not every header is signed, in order";
  if (host !== ownHost) return "the host is another one";
  const canonical = [
    request.method,
    request.url,
    "",
    ...names.map((name) => `${name}:${header(name).trim()}`),
    "",
    signed,
    createHash("sha256").update(body).digest("hex"),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join(
    "\n",
  );
  const key = scope
    .split("/")
    .reduce<Buffer | string>(
      (secret, part) => createHmac("sha256", secret).update(part).digest(),
      `AWS4${credentials.SecretAccessKey}`,
    );
  return createHmac("sha256", key).update(toSign).digest("hex") === signature
    ? undefined
    : "the signature is wrong";
}
