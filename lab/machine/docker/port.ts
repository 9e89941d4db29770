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
