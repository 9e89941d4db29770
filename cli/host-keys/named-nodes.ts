/** Nodes that are named on the command line: `worker-1=10.0.0.11`, `worker-2=[fd00::2]:2222`. */
import { InvalidArgumentError } from "commander";
import { address, sshPort } from "../../config/schema/network.ts";

export interface NamedNode {
  readonly name: string;
  readonly address: string;
  readonly port?: number;
}

const form =
  /^(?<name>[a-z0-9][\w.:-]*)=(?:\[(?<bracketed>.+)\]|(?<plain>[^:]+|[^:]*:[^:]*:.*))(?::(?<port>\d+))?$/i;

/** Adds one to those before it. */
export function namedNode(value: string, before: readonly NamedNode[] = []): NamedNode[] {
  const { name = "", bracketed, plain = "", port } = form.exec(value)?.groups ?? {};
  const host = { name, address: bracketed ?? plain, ...(port !== undefined && { port: Number(port) }) };
  if (!address.safeParse(host.address).success || !sshPort.safeParse(host.port ?? 22).success) {
    throw new InvalidArgumentError("wanted: NAME=ADDRESS, NAME=ADDRESS:PORT or NAME=[IPV6]:PORT");
  }
  return [...before, host];
}
