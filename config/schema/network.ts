/** Names, addresses and URLs. */
import { isIP, isIPv4 } from "node:net";
import { integer, text } from "./value.ts";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

function isDnsName(name: string): boolean {
  return name.length <= 253 && name.split(".").every((part) => label.test(part));
}

/** Only digits and dots: meant as an IPv4 address, whether it is one or not. */
function isNumeric(name: string): boolean {
  return /^[\d.]+$/.test(name);
}

function isHost(name: string): boolean {
  return isNumeric(name) ? isIPv4(name) : isDnsName(name);
}

/** What an image reference takes for a registry: a dot, a port or `localhost` tells it from a user's name. */
function registryProblem(name: string): string | undefined {
  if (name.includes("://")) return "must be a host name only: leave the scheme out";
  if (name.includes("/")) return "must be a host name only: leave the path out";
  if (/\[|:.*:/.test(name)) return "is an IPv6 address, which image references can't name: give a DNS name";
  if (name.includes("*")) return "must be one registry: wildcards can't be cached";
  const [host = "", port] = name.split(":");
  if (!isHost(host)) return "is not a host name";
  if (name !== name.toLowerCase()) return "must be in lower case";
  if (port !== undefined && !isPort(port)) return "has a port that is not a number from 1 to 65535";
  if (port === undefined && host !== "localhost" && !host.includes(".")) {
    return "needs a dot or a port, else image references take it for a user's name at docker.io";
  }
  return undefined;
}

function isPort(port: string): boolean {
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535;
}

export const port = integer(1, 65535, "8080").describe("TCP port.");

export const sshPort = integer(1, 65535, "22").describe("SSH port, default 22.");

/** The name that nodes and people reach Harbor by. */
export const hostname = text("registry.example.com", (value) => {
  if (/^[^:]+:\d+$/.test(value)) {
    return "must have no port: harbor.httpsPort and harbor.httpPort say it";
  }
  if (value === "127.0.0.1" || value === "reg.mydomain.com") {
    return "is refused by Harbor itself: give a name or another address of the machine";
  }
  return registryProblem(value);
}).describe("Name that nodes and people reach Harbor by, without scheme and port.");

/** A registry as image references name it: `docker.io`, `reg.example.com:5000`. */
export const registryHost = text("registry.example.com:5000", registryProblem);

/** A machine as SSH reaches it: host name, IPv4 or IPv6 address. */
export const address = text("node-1.example.com, 10.0.0.11 or 2001:db8::11", (value) => {
  if (value.includes("%")) return "must have no zone behind a %";
  if (isHost(value) || isIP(value) === 6) return undefined;
  if (value.includes("://")) return "must be a host name or an IP address: leave the scheme out";
  if (value.includes("@")) return "must be a host name or an IP address: the user is a setting of its own";
  if (value.startsWith("[")) return "must be an IPv6 address without brackets";
  if (/^[^:]+:\d+$/.test(value)) return "must have no port: that is a setting of its own";
  return "is neither a host name nor an IP address";
}).describe("Host name or IP address, without port.");

/** The address that ports are published on. */
export const listenAddress = text("0.0.0.0 (all) or 127.0.0.1", (value) =>
  isIPv4(value) ? undefined : "must be an IPv4 address of the machine",
).describe("IPv4 address of the machine that Harbor's ports are published on.");

/**
 * A URL of one of these schemes, without password, query and fragment; a slash at its end is taken off. `login` says what
 * is wrong with a user and password in it.
 */
export function url(
  schemes: readonly string[],
  example: string,
  login = "must have no user and password in it",
) {
  return text(example, (value) => {
    const problem = urlProblem(schemes, value, login);
    if (problem !== undefined) return problem;
    return /[?#]/.test(value) ? "must end with its path: leave out what begins with ? or #" : undefined;
  }).transform((value) => value.replace(/\/+$/, ""));
}

/** A URL of a file, which may end with a query: one that was signed does. */
export function fileUrl(schemes: readonly string[], example: string) {
  return text(
    example,
    (value) =>
      urlProblem(schemes, value, "must have no user and password in it") ??
      (value.includes("#") ? "must end without a part that begins with #" : undefined),
  );
}

function urlProblem(schemes: readonly string[], value: string, login: string): string | undefined {
  const parsed = /\s/.test(value) ? null : URL.parse(value);
  if (!schemes.some((scheme) => value.startsWith(`${scheme}://`)) || parsed === null) {
    return `is not a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`;
  }
  return parsed.username !== "" || parsed.password !== "" ? login : undefined;
}

/** One spelling for each address, to compare by: IPv6 in its shortest form, names in lower case. */
export function sameAddress(value: string): string {
  return isIP(value) === 6 ? new URL(`http://[${value}]`).hostname : value.toLowerCase();
}

function cidrProblem(value: string): string | undefined {
  const [ip = "", bits = "", ...more] = value.split("/");
  const length = isIPv4(ip) ? 32 : 128;
  const isAddress = isIP(ip) !== 0 && !ip.includes("%");
  if (!isAddress || more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > length) {
    return "is not a network in CIDR notation";
  }
  return numberOf(ip) % 2n ** BigInt(length - Number(bits)) === 0n
    ? undefined
    : "has host bits set behind the network: AWS would store another one";
}

function numberOf(ip: string): bigint {
  if (isIPv4(ip)) return ip.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const [head = [], tail = []] = shortest(ip)
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

const shortest = (ip: string): string => sameAddress(ip).replace(/^\[|\]$/g, "");

/** As AWS stores it: with another spelling each preview would show a change. */
function storedCidr(value: string): string {
  const [ip = "", bits = ""] = value.split("/");
  return `${shortest(ip)}/${Number(bits)}`;
}

/** A network: `10.0.0.0/8`. */
export const cidr = text("10.0.0.0/8", cidrProblem).transform(storedCidr);

/** A network, but never the whole internet. */
export const privateCidr = text("10.0.0.0/8", (value) =>
  /\/0+$/.test(value) ? "would open SSH to the whole internet" : cidrProblem(value),
).transform(storedCidr);
