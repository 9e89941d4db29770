/** The jump host that SSH's arguments in an Ansible inventory name. */
import type { Variable } from "./ansible-groups.ts";
import { InventoryError, type InventoryJump } from "./inventory.ts";

/** What would lead elsewhere than the address, in ways that can't be followed here. */
const elsewhere = /(?:^|[\s"']|-o)(?:ProxyCommand|HostName|HostKeyAlias)\b|(?:^|\s)-F/i;

/** @throws InventoryError for a way that can't be followed */
export function jumpOf(given: readonly Variable[]): InventoryJump | undefined {
  for (const { value, at } of given) {
    const [, target = ""] = /(?:^|\s)(?:-o\s*["']?ProxyJump[= ]\s*|-J\s*)["']?([^\s"']+)/i.exec(value) ?? [];
    if (target !== "") return jumpFrom(target, at);
    if (elsewhere.test(value)) {
      throw new InventoryError(
        `${at}: these arguments of SSH can't be followed here; for example: -o ProxyJump=ops@bastion.example.com, ` +
          "or jump in the pool's settings",
      );
    }
  }
  return undefined;
}

function jumpFrom(target: string, at: string): InventoryJump | undefined {
  if (target === "none") return undefined;
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:([^@,]+)@)?(?:\[([^\],]+)\]|([^:,[\]]+))(?::(\d{1,5}))?$/.exec(target) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined) {
    const reason = target.includes(",") ? "goes by several jump hosts" : "can't be read";
    throw new InventoryError(`${at}: ProxyJump ${reason}; one is followed, as USER@HOST:PORT`);
  }
  return { address, port: port === undefined ? 22 : Number(port), ...(user !== undefined && { user }) };
}
