import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";

/** What a program says once it is ready; where it ends before, an error with its last words. */
export async function firstLine(program: ChildProcessByStdio<Writable, Readable, Readable>): Promise<string> {
  const stderr = text(program.stderr);
  const line = await new Promise<string | undefined>((resolve, reject) => {
    let said = "";
    program.once("error", reject);
    program.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      if (said.includes("\n")) resolve(said.split("\n")[0]);
    });
    program.stdout.once("end", () => {
      resolve(undefined);
    });
  });
  if (line === undefined) throw new Error(`${program.spawnfile} did not come up: ${await stderr}`);
  return line;
}
