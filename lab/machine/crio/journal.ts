/** The journal of the unit crio, as `journalctl -o short-precise` prints it. */
import { appendFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (count: number): string => String(count).padStart(2, "0");

/** Adds a line to the log of `machine`, the folder of a node. */
export function journal(machine: string, level: "info" | "error" | "fatal", message: string): void {
  const now = new Date();
  const day = `${MONTHS[now.getMonth()] ?? ""} ${two(now.getDate())}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  const fraction = String(now.getMilliseconds() * 1000).padStart(6, "0");
  const said = `time=${JSON.stringify(now.toISOString())} level=${level} msg=${JSON.stringify(message)}`;
  mkdirSync(join(machine, "log"), { recursive: true });
  appendFileSync(
    join(machine, "log/crio.log"),
    `${day} ${time}.${fraction} ${basename(machine)} crio[${process.pid}]: ${said}\n`,
  );
}
