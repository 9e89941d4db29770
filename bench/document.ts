/** `make bench-docs`: the table, the goals and the picture of docs/benchmarks.md from last.json. */
import { readFile, writeFile } from "node:fs/promises";

import { goalLines, goals } from "./goals.ts";
import { plot } from "./plot.ts";
import { record } from "./record.ts";
import { tableMarkdown } from "./table.ts";

const DOCUMENT = new URL("../docs/benchmarks.md", import.meta.url);
const PICTURE = new URL("../docs/benchmarks.svg", import.meta.url);

const last = await readFile(new URL("last.json", import.meta.url), "utf8").catch(() => {
  throw new Error("there are no results yet: make bench");
});
const { runs } = record.parse(JSON.parse(last));
let text = await readFile(DOCUMENT, "utf8");
text = between(
  text,
  "goals",
  goalLines(goals(runs))
    .map((line) => `- ${line}`)
    .join("\n"),
);
text = between(text, "table", tableMarkdown(runs));
await writeFile(DOCUMENT, text);
await writeFile(PICTURE, plot(runs));

/** `text` with `content` between its comments `<!-- NAME -->` and `<!-- /NAME -->`. */
function between(text: string, name: string, content: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [text.indexOf(from), text.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`docs/benchmarks.md has no ${from} … ${to}`);
  return `${text.slice(0, start + from.length)}\n\n${content}\n\n${text.slice(end)}`;
}
