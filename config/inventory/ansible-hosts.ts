/** Host names as an Ansible inventory writes them: with ranges, and with a port behind. */
import { InventoryError } from "./inventory.ts";

/** Hosts that one line may stand for. */
const most = 10_000;

/** `node[01:03]:2222` is node01, node02 and node03, at a port. */
export function hostsOf(pattern: string): { readonly names: readonly string[]; readonly port?: string } {
  // An IPv6 address has more than one colon outside of brackets.
  const [, name = pattern, port] = /^([^:[\]]*(?:\[[^\]]*\][^:[\]]*)*):(\d+)$/.exec(pattern) ?? [];
  const names = expand(name);
  return { names, ...(port !== undefined && { port }) };
}

function expand(pattern: string): string[] {
  const [, head = "", range, tail = ""] = /^(.*?)\[([^\]]*)\](.*)$/.exec(pattern) ?? [];
  if (range === undefined) {
    if (/[[\]]/.test(pattern)) throw new InventoryError(`${pattern} has one bracket without the other`);
    return [pattern];
  }
  // [2001:db8::1] is an address in brackets and no range.
  if (head === "" && (range.match(/:/g) ?? []).length > 2) return [range];
  const steps = values(range);
  const rest = expand(tail);
  if (steps.length * rest.length > most) throw new InventoryError(`[${range}] is more than ${most} hosts`);
  return steps.flatMap((step) => rest.map((end) => `${head}${step}${end}`));
}

/** Both ends belong to a range. */
function values(range: string): string[] {
  const [, first = "", last = "", step = "1"] =
    /^(\d+|[a-zA-Z]):(\d+|[a-zA-Z])(?::([1-9]\d*))?$/.exec(range) ?? [];
  const isNumber = /^\d+$/.test(first);
  if (first === "" || isNumber !== /^\d+$/.test(last)) {
    throw new InventoryError(`[${range}] is no range; for example: [01:10], [a:f] or [0:20:2]`);
  }
  const [from, to] = isNumber ? [Number(first), Number(last)] : [first.charCodeAt(0), last.charCodeAt(0)];
  if (from > to) throw new InventoryError(`[${range}] ends before it begins`);
  if (to - from >= most) throw new InventoryError(`[${range}] is more than ${most} hosts`);
  const found: string[] = [];
  for (let at = from; at <= to; at += Number(step)) {
    // Leading zeros are kept.
    found.push(isNumber ? String(at).padStart(first.length, "0") : String.fromCharCode(at));
  }
  return found;
}
