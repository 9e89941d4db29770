/** The host keys of nodes that have none in the settings: from files of known hosts. */
import { KnownHosts } from "./inventory/known-hosts.ts";
import type { LookedUp } from "./inventory/look-up.ts";
import type { Group, Member } from "./node-groups.ts";
import { someOf } from "./node-names.ts";
import type { Path, Reader } from "./problems.ts";
import type { Placed } from "./registries.ts";
import type { NodeSettings, SshAccess } from "./settings.ts";

/** Finds keys, and keeps which nodes have none. */
export class HostKeys {
  readonly #reader: Reader;
  readonly #lookedUp: LookedUp;
  readonly #files = new Map<string, KnownHosts>();
  readonly #lacking = new Set<string>();

  constructor(reader: Reader, lookedUp: LookedUp) {
    this.#reader = reader;
    this.#lookedUp = lookedUp;
  }

  /** The nodes that have one. */
  complete({ all, own, path }: Group, members: readonly Placed<Member>[]): Placed<NodeSettings>[] {
    const file = own.knownHosts ?? all.knownHosts;
    const known =
      file === undefined ? undefined : this.#known(file, own.knownHosts === undefined ? ["nodes"] : path);
    return members.flatMap(({ path: at, value: { jump, ...value } }): Placed<NodeSettings>[] => {
      const complete = this.#withKey(value, value.name, at, known);
      const through = jump && this.#withKey(jump, jump.address, [...at, "jump"], known);
      if (complete === undefined || (jump !== undefined && through === undefined)) return [];
      return [{ path: at, value: { ...complete, ...(through && { jump: through }) } }];
    });
  }

  /** One error for all nodes that have none. */
  tellLacking(): void {
    const count = this.#lacking.size;
    if (count === 0) return;
    this.#reader.problem(
      ["nodes"],
      `${count === 1 ? "lacks the host key of one machine" : `lacks the host keys of ${count} machines`}: ` +
        `${someOf([...this.#lacking])}; cli/harbor-cache host-keys --stack NAME --output known_hosts collects ` +
        "what they show, to be compared; knownHosts: known_hosts then names that file",
    );
  }

  #withKey<T extends Pick<SshAccess, "address" | "port"> & { readonly hostKey?: string }>(
    host: T,
    name: string,
    path: Path,
    known: KnownHosts | undefined,
  ): (T & { readonly hostKey: string }) | undefined {
    if (host.hostKey !== undefined) return { ...host, hostKey: host.hostKey };
    const found = known?.keyOf(host.address, host.port, name);
    if (found?.key !== undefined) return { ...host, hostKey: found.key };
    if (found?.problem !== undefined) {
      this.#reader.problem([...path, "hostKey"], `of ${name} is not in knownHosts: ${found.problem}`);
    } else {
      const place = host.port === 22 ? host.address : `${host.address}, port ${host.port}`;
      this.#lacking.add(name === host.address && host.port === 22 ? name : `${name} (${place})`);
    }
    return undefined;
  }

  #known(file: string, path: Path): KnownHosts | undefined {
    const before = this.#files.get(file);
    if (before !== undefined) return before;
    const { text, problem } = this.#lookedUp.files.get(file) ?? { problem: `${file} was not read` };
    if (problem !== undefined) this.#reader.problem([...path, "knownHosts"], problem);
    const known = new KnownHosts(text ?? "", file);
    this.#files.set(file, known);
    return known;
  }
}
