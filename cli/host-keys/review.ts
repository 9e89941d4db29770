/** What was collected, for people who compare it and for programs. */
import { endpoint } from "../../provider/nodes/ssh-connection.ts";
import type { Answer } from "./judge.ts";
import { describeKey, fingerprintOf, typeOf } from "./known-hosts-file.ts";

/** A table; what is wrong, loudly; how to compare what is new. */
export function reviewText(answers: readonly Answer[]): string {
  const rows = answers.map(({ host, key, standing }) => [
    host.name,
    endpoint(host),
    key === undefined ? "-" : typeOf(key),
    key === undefined ? "-" : fingerprintOf(key),
    standing === "changed" ? "CHANGED" : standing,
  ]);
  return [
    ...table([["node", "address", "type", "fingerprint", ""], ...rows]),
    ...answers.filter(({ standing }) => standing === "unreached").map(unreachedText),
    ...answers.filter(({ standing }) => standing === "changed").map(changedText),
    ...howToCompare(answers.filter(({ standing }) => standing === "new")),
    "",
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths =
    rows[0]?.map((_head, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function unreachedText({ host, problem = "" }: Answer): string {
  return `\n${host.name === host.address ? "" : `${host.name}: `}${problem}`;
}

function changedText({ host, key = "", problem = "" }: Answer): string {
  return (
    `\n!!! THE HOST KEY OF ${host.name} (${endpoint(host)}) IS ANOTHER ONE\n` +
    `      known:  ${problem}\n` +
    `      shown:  ${describeKey(key)}\n` +
    "    Nothing was replaced. Was the machine rebuilt? If nobody knows of it, somebody may be answering in its place:\n" +
    "    see docs/runbooks/host-key-changed.md."
  );
}

const keyFiles: Readonly<Record<string, string>> = { "ssh-ed25519": "ed25519", "ssh-rsa": "rsa" };

function howToCompare(fresh: readonly Answer[]): string[] {
  if (fresh.length === 0) return [];
  const names = new Set(fresh.map(({ key = "" }) => keyFiles[typeOf(key)] ?? "ecdsa"));
  return [
    "\nThe new keys came over the network, where somebody could answer in a node's place. Before you trust one, compare",
    "its fingerprint with what the node itself says, on its console or over a connection that you trust already:",
    ...[...names].map((name) => `  ssh-keygen -lf /etc/ssh/ssh_host_${name}_key.pub`),
  ];
}

/** The same for programs. */
export function reviewJson(answers: readonly Answer[]): string {
  const hosts = answers.map(({ host, key, standing, problem }) => ({
    name: host.name,
    address: host.address,
    port: host.port,
    standing,
    ...(key !== undefined && { hostKey: key, fingerprint: fingerprintOf(key) }),
    ...(problem !== undefined && { problem }),
  }));
  return `${JSON.stringify({ hosts }, null, 2)}\n`;
}
