/**
 * `harborcache:harbor:getPullQuota`: how many pulls Docker Hub still allows, from here or as another machine sees it. It tells them
 * in headers of a HEAD, which counts as none: https://docs.docker.com/docker-hub/usage/pulls/
 */
import { z } from "zod";
import { parseArguments, type Shape } from "../inputs.ts";
import { isLoopback } from "../loopback.ts";
import { connect, endpoint, type SshTarget } from "../nodes/ssh-connection.ts";
import { requestThrough, type HttpAnswer, type HttpRequest } from "../nodes/ssh-http.ts";
import { sshInputs } from "../nodes/ssh-inputs.ts";
import type { FunctionModule } from "../resource.ts";
import { toJson } from "../to-json.ts";
import type { Properties } from "../values.ts";
import { ConnectionError, isBroken } from "./harbor-error.ts";
import { retry } from "./retry.ts";

/** Seconds: a connection over SSH, one answer. */
const TIMEOUT = 15;
/** Milliseconds after which nothing is tried again. */
const BUDGET = 30_000;
const RETRY = { attempts: 3, baseDelay: 250, maxDelay: 4000 };
const MAX_ANSWER_BYTES = 256 * 1024;

const shape = {
  url: z
    .url({ protocol: /^https?$/, error: "must be the URL of an image's manifest" })
    .default("https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest"),
  username: z.string().min(1, "must not be empty").optional(),
  password: z.string().min(1, "must not be empty").optional(),
  from: z.strictObject({ ...sshInputs, jump: z.strictObject(sshInputs).optional() }).optional(),
};

interface Login {
  readonly username: string;
  readonly password: string;
}

type Ask = (method: HttpRequest["method"], url: URL, authorization?: string) => Promise<HttpAnswer>;

export const getPullQuota: FunctionModule = {
  token: "harborcache:harbor:getPullQuota",
  async call(ctx, args) {
    const { url, username, password, from } = z
      .object(shape)
      .parse(parseArguments("getPullQuota", shape as Shape, args));
    if ((username === undefined) !== (password === undefined)) {
      throw new Error("getPullQuota: username and password go together: give both or none.");
    }
    const login = username === undefined || password === undefined ? undefined : { username, password };
    const once = () => withAsker(from, ctx.signal, (ask) => quotaOf(ask, new URL(url), login));
    return retry(once, RETRY, BUDGET, ctx.signal);
  },
};

async function withAsker(
  from: SshTarget | undefined,
  signal: AbortSignal,
  work: (ask: Ask) => Promise<Properties>,
): Promise<Properties> {
  if (from === undefined) {
    const { throughProxy } = await import("../http-agent.ts");
    return work(asker((request) => requestFromHere(request, signal), signal, throughProxy));
  }
  const connection = await connect(from, TIMEOUT, signal);
  const fromThere = (request: HttpRequest) => requestThrough(from, connection, request, TIMEOUT, signal);
  try {
    return await work(asker(fromThere, signal, () => `, asked from ${endpoint(from)}`));
  } finally {
    connection.close();
  }
}

async function requestFromHere({ url, ...request }: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  // When it is needed: the provider's processes for nodes ask nobody over HTTP, and save its memory.
  const [{ agentFor }, { request: send }] = await Promise.all([import("../http-agent.ts"), import("undici")]);
  const limits = { connections: 1, timeout: TIMEOUT * 1000, maxAnswerBytes: MAX_ANSWER_BYTES };
  const agent = agentFor(url, limits);
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT * 1000)]);
    const answer = await send(url, { ...request, dispatcher: agent, signal: bounded });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  } finally {
    await agent.destroy();
  }
}

function asker(
  request: (request: HttpRequest) => Promise<HttpAnswer>,
  signal: AbortSignal,
  way: (url: URL) => string,
): Ask {
  return async (method, url, authorization) => {
    const headers = { accept: "*/*", ...(authorization !== undefined && { authorization }) };
    try {
      return await request({ method, url, headers });
    } catch (error) {
      signal.throwIfAborted();
      const cause = error instanceof Error ? error : new Error(String(error));
      const why = cause.name === "TimeoutError" ? `no answer within ${TIMEOUT} s` : cause.message;
      throw new ConnectionError(
        `The pull quota is not known: ${url.origin}${way(url)}: ${why}.`,
        isBroken(cause),
        cause,
      );
    }
  };
}

async function quotaOf(ask: Ask, url: URL, login: Login | undefined): Promise<Properties> {
  const first = await ask("HEAD", url);
  const answer =
    first.status === 401 ? await ask("HEAD", url, `Bearer ${await tokenFor(ask, url, first, login)}`) : first;
  const [limit, remaining] = [rate(answer, "ratelimit-limit"), rate(answer, "ratelimit-remaining")];
  // One who is over the limit is told so too.
  if (limit !== undefined && remaining !== undefined) {
    return { limit: limit.pulls, remaining: remaining.pulls, windowSeconds: limit.seconds };
  }
  if (answer.status === 200) return { limit: -1, remaining: -1, windowSeconds: 0 };
  throw refused(url, answer.status);
}

/** `100;w=21600` */
function rate(
  { headers }: HttpAnswer,
  name: string,
): { readonly pulls: number; readonly seconds: number } | undefined {
  const found = /^(\d+)(?:;w=(\d+))?/.exec(String(headers[name] ?? ""));
  return found === null ? undefined : { pulls: Number(found[1]), seconds: Number(found[2] ?? 0) };
}

const tokenAnswer = z.object({ token: z.string() }).or(z.object({ access_token: z.string() }));

/** A registry's token, as its challenge says: https://distribution.github.io/distribution/spec/auth/token/ */
async function tokenFor(
  ask: Ask,
  url: URL,
  { headers }: HttpAnswer,
  login: Login | undefined,
): Promise<string> {
  const challenge = String(headers["www-authenticate"] ?? "");
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const realm = URL.parse(parameters["realm"] ?? "");
  if (!/^bearer /i.test(challenge) || realm === null) {
    throw new Error(`The pull quota is not known: ${url.origin} asks for a login that is no registry token.`);
  }
  if (login !== undefined && realm.protocol !== "https:" && !isLoopback(realm.hostname)) {
    throw new Error(
      `The pull quota is not known: ${realm.origin} wants the password over plain HTTP: not sent.`,
    );
  }
  for (const name of ["service", "scope"]) {
    const value = parameters[name];
    if (value !== undefined) realm.searchParams.set(name, value);
  }
  const basic = login && Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const answer = await ask("GET", realm, basic && `Basic ${basic}`);
  if (answer.status !== 200) throw refused(realm, answer.status, login);
  const parsed = tokenAnswer.safeParse(toJson(answer.text));
  if (!parsed.success) throw new Error(`The pull quota is not known: ${realm.origin} sent no token.`);
  return "token" in parsed.data ? parsed.data.token : parsed.data.access_token;
}

function refused(url: URL, status: number, login?: Login): Error {
  const advice = status === 401 && login !== undefined ? " Are username and password right?" : "";
  const message = `The pull quota is not known: ${url.origin} answered ${status}.${advice}`;
  return [429, 502, 503, 504].includes(status) ? new ConnectionError(message, true) : new Error(message);
}
