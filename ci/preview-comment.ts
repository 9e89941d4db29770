/**
 * `node ci/preview-comment.ts STACK OUTCOME FILE`: writes what `pulumi preview` said (FILE) as the one comment of STACK
 * on this pull request, or edits it. Without a pull request it is printed, for a job's summary.
 */
import { readFile } from "node:fs/promises";

import { forgeOf, writeComment } from "./forge.ts";
import { markerOf, previewText } from "./preview-text.ts";

const [stack, outcome, file] = process.argv.slice(2);
if (stack === undefined || outcome === undefined || file === undefined) {
  console.error("usage: node ci/preview-comment.ts STACK OUTCOME FILE");
  process.exit(2);
}

const log = process.env["JOB_LOG"];
const text = previewText({
  stack,
  outcome,
  output: await readFile(file, "utf8"),
  ...(log === undefined ? {} : { log }),
});
try {
  const forge = forgeOf(process.env);
  if (forge === undefined) console.log(text);
  else console.log(`comment ${await writeComment(forge, markerOf(stack), text)}`);
} catch (error) {
  console.error(
    `the preview's comment could not be written: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exit(1);
}
