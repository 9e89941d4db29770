/** Connections to one host, direct or through the HTTP proxy that the environment names. */
import { BlockList, isIP } from "node:net";
import { Agent, Pool, ProxyAgent, type Dispatcher } from "undici";
import { isLoopback } from "./loopback.ts";

export interface AgentOptions {
  /** At a time. */
  readonly connections: number;
  /** Milliseconds that an answer may take to begin, or to go on. */
  readonly timeout: number;
  readonly maxAnswerBytes: number;
  /** PEM, instead of the public ones. */
  readonly ca?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const CONNECT_TIMEOUT = 10_000;

export function agentFor(
  url: URL,
  { connections, timeout, maxAnswerBytes, ca }: AgentOptions,
  environment: Environment = process.env,
): Dispatcher {
  const times = { headersTimeout: timeout, bodyTimeout: timeout };
  const options = { connections, ...times, maxResponseSize: maxAnswerBytes, allowH2: false };
  const connectTimeout = Math.min(CONNECT_TIMEOUT, timeout);
  const trust = ca === undefined ? {} : { ca };
  const proxy = proxyFor(url, environment);
  if (proxy === undefined) return new Agent({ ...options, connect: { timeout: connectTimeout, ...trust } });
  return new ProxyAgent({
    ...options,
    uri: proxy.url.href,
    connectTimeout,
    requestTls: { ...trust, servername: isIP(url.hostname) === 0 ? url.hostname : "" },
    // Asking the proxy for a tunnel would wait five minutes otherwise.
    clientFactory: (origin, own) => new Pool(origin, { ...own, ...times }),
  });
}

export interface Proxy {
  readonly url: URL;
  /** Which variable names it. */
  readonly variable: string;
}

/**
 * The proxy by `HTTPS_PROXY` or `HTTP_PROXY`, and `NO_PROXY`: host names with all below them, `host:port`, addresses, `CIDR`
 * ranges, `*`. Lower case names come first. A loopback host is never asked through a proxy.
 */
export function proxyFor(url: URL, environment: Environment = process.env): Proxy | undefined {
  const host = url.hostname;
  if (isLoopback(host) || isExcepted(url, environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""))
    return undefined;
  const names = url.protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"];
  const variable = names.find((name) => environment[name] !== undefined);
  const value = variable === undefined ? "" : (environment[variable] ?? "");
  if (variable === undefined || value === "") return undefined;
  const proxy = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (proxy === null || !["http:", "https:"].includes(proxy.protocol)) {
    throw new Error(`${variable} must be a proxy's URL, such as http://proxy.example.com:3128`);
  }
  return { url: proxy, variable };
}

/** `, through the proxy http://proxy:3128 (HTTPS_PROXY)`, without its password; empty where there is none. */
export function throughProxy(url: URL, environment: Environment = process.env): string {
  const proxy = proxyFor(url, environment);
  return proxy === undefined ? "" : `, through the proxy ${proxy.url.origin} (${proxy.variable})`;
}

function isExcepted(url: URL, exceptions: string): boolean {
  const host = bare(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return exceptions.split(/[\s,]+/).some((entry) => {
    if (entry === "") return false;
    if (entry === "*") return true;
    if (entry.includes("/")) return isInRange(host, entry);
    const [, name = entry, only] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    if (only !== undefined && only !== port) return false;
    const wanted = bare(name).replace(/^\*?\./, "");
    return host === wanted || (isIP(wanted) === 0 && host.endsWith(`.${wanted}`));
  });
}

function isInRange(host: string, range: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  const family = isIP(network);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d+$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}

/** Without brackets and the dot at the end. */
function bare(host: string): string {
  return host
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();
}
