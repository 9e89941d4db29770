/**
 * `make replay DIR=folder`: sends every recorded request of the folder's `*.json` to the Harbor stand-in and compares
 * its answers with the recorded ones. Ends with 1 where anything differs that the stand-in is meant to answer.
 *
 * What was done to Harbor outside HTTP is known for the recordings in test/fixtures/harbor-api, by file name. For
 * others it is taken from their remarks and notes, as far as those are understood
 * (test/unit/lab-harbor/scenes/remarks.ts); what no text says, such as objects made before the first exchange, can't be
 * known.
 */
import { replayFolder } from "../test/unit/lab-harbor/replay-folder.ts";

const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder === "" || more.length > 0) {
  console.error("usage: make replay DIR=folder");
  process.exit(2);
}

const totals = new Map<string, number>();
try {
  for await (const { file, outcomes } of replayFolder(folder)) {
    const count = (verdict: string): number => outcomes.filter((one) => one.verdict === verdict).length;
    const parts = ["matched", "different", "out of scope", "exception"].map((verdict) => {
      totals.set(verdict, (totals.get(verdict) ?? 0) + count(verdict));
      return `${count(verdict)} ${verdict}`;
    });
    console.log(`${file}: ${parts.join(", ")}`);
    for (const { seq, request, verdict, because } of outcomes) {
      if (verdict === "matched") continue;
      console.log(`    ${verdict}: ${seq} ${request}`);
      for (const line of because) console.log(`        ${line}`);
    }
  }
} catch (error) {
  console.error(`replay: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
console.log(`total: ${[...totals].map(([verdict, count]) => `${count} ${verdict}`).join(", ")}`);
process.exitCode = (totals.get("different") ?? 0) > 0 ? 1 : 0;
