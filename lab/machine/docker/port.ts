/** Published ports in compose's short form. */
import { DockerError } from "./docker-error.ts";

export interface PublishedPort {
  /** Empty: every address. IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** Inside the container. */
  readonly target: number;
}

/** `[[ADDRESS:]PORT:]TARGET[/tcp]`; undefined where nothing is published. */
export function parsePort(where: string, text: string): PublishedPort | undefined {
  const match = /^(?:(?:(?:\[([0-9a-f:]+)\]|(\d+\.\d+\.\d+\.\d+)):)?(\d+):)?(\d+)(?:\/tcp)?$/i.exec(text);
  const [, six, four, published, target] = match ?? [];
  for (const port of [published, target]) {
    if (match === null || (port !== undefined && (Number(port) < 1 || Number(port) > 65535))) {
      throw new DockerError(`${where}: invalid port: ${text}`, 15);
    }
  }
  if (published === undefined) return undefined;
  return { address: six ?? four ?? "", port: Number(published), target: Number(target) };
}

/** Where on this computer a service's port is; the lab stays on loopback. */
export function publishedAt(
  published: readonly PublishedPort[],
  target: number,
  service: string,
): { host: string; port: number } {
  const port = published.find((one) => one.target === target);
  if (port === undefined) {
    throw new DockerError(`stand-in: the service ${service} does not publish its port ${target}`);
  }
  // A machine that is reached from elsewhere publishes on every address, and its owner says that it may be loopback here.
  const host = port.address === "0.0.0.0" && process.env["LAB_LOOPBACK"] === "1" ? "127.0.0.1" : port.address;
  if (!/^(127\.|::1$)/.test(host)) {
    throw new DockerError(
      `stand-in: the service ${service} publishes ${port.address || "0.0.0.0"}:${port.port}, and the lab stays on loopback`,
    );
  }
  return { host, port: port.port };
}
