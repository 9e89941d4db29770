/** The program for nodes in a shell on this machine, piece by piece, as a node's sshd would run it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { SshResult } from "../../../provider/nodes/ssh.ts";

/** What nodes may have as `sh`, as far as this machine has it. */
export const shells = ["/bin/sh", "bash --posix", "busybox sh"].filter((shell) => {
  const [program = "", ...words] = shell.split(" ");
  return spawnSync(program, [...words, "-c", ":"]).status === 0;
});

/**
 * Sends each piece when the one before was answered, then the end of input. `stop` ends the shell by a signal when the
 * last piece was answered.
 */
export async function inShell(
  pieces: readonly string[],
  {
    shell = "/bin/sh",
    path = process.env["PATH"] ?? "",
    stop,
  }: { shell?: string; path?: string; stop?: NodeJS.Signals } = {},
): Promise<SshResult> {
  const [program = "", ...words] = shell.split(" ");
  const child = spawn(program, [...words, "-s"], { env: { PATH: path, HOME: "/nonexistent" } });
  let [stdout, stderr] = ["", ""];
  child.stdin.on("error", () => undefined);
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const closed = once(child, "close");
  let answered: (() => void) | undefined;
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
    if (/(?:^|\n)#end [a-z]+\n$/.test(stdout)) answered?.();
  });
  for (const [index, piece] of pieces.entries()) {
    const answer = new Promise<void>((resolve) => (answered = resolve));
    child.stdin.write(piece);
    if (index < pieces.length - 1 || stop !== undefined) await Promise.race([answer, closed]);
  }
  if (stop === undefined) child.stdin.end();
  else child.kill(stop);
  const [status] = (await closed) as [number | null];
  return { status: status ?? undefined, stdout, stderr: stderr.trim() };
}
