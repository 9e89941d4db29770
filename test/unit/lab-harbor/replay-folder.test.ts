import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../tools/run.ts";
import type { RecordedExchange } from "./recording.ts";
import { readRecording } from "./recording.ts";
import type { FileOutcome, Outcome } from "./replay-folder.ts";
import { replayFolder } from "./replay-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "recordings-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(file: string, exchanges: readonly RecordedExchange[]): void {
  writeFileSync(path.join(folder, `${file}.json`), JSON.stringify(exchanges));
}

async function replayed(): Promise<FileOutcome[]> {
  const files: FileOutcome[] = [];
  for await (const file of replayFolder(folder)) files.push(file);
  return files;
}

const verdicts = (outcomes: readonly Outcome[] | undefined): string[] => [
  ...new Set(outcomes?.map(({ verdict }) => verdict)),
];

test("recordings that nobody has seen: those that go on with another's database are found, with other ids", async () => {
  write("a", readRecording("09-robots"));
  const project = readRecording("11-immutable-labels-members").slice(0, 1);
  write("b", [...project, ...readRecording("11-immutable-labels-members").slice(23, 28)]);
  const files = await replayed();
  expect(files.map(({ file, outcomes }) => [file, verdicts(outcomes)])).toEqual([
    ["a", ["matched"]],
    ["b", ["matched"]],
  ]);
});

test("each value that differs is named, and what the stand-in doesn't have is out of scope", async () => {
  const [ping, ...others] = readRecording("01-system").slice(0, 2);
  if (ping?.response === null || ping?.response === undefined) throw new Error("no ping");
  write("a", [
    { ...ping, response: { ...ping.response, status: 201, body: "Pang" } },
    ...others,
    ...readRecording("04-registries").slice(1, 2),
  ]);
  const [file] = await replayed();
  expect(file?.outcomes).toMatchObject([
    {
      verdict: "different",
      request: "GET /api/v2.0/ping",
      because: ["status: recorded 201, here 200", 'body: recorded "Pang", here "Pong"'],
    },
    { verdict: "matched", because: [] },
    { verdict: "out of scope", because: ["GET /api/v2.0/replication/adapterinfos"] },
  ]);
});

test("the program: counts per file and each difference; 1 where something differs, 2 where it can't be run", async () => {
  const replay = (...folders: string[]) =>
    run(process.execPath, ["tools/replay.ts", ...folders], { timeout: 60 });
  expect(await replay(folder)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no recordings") as string,
  });
  write("03-csrf-session", readRecording("03-csrf-session"));
  expect(await replay(folder)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(
      "03-csrf-session: 14 matched, 0 different, 0 out of scope, 0 exception\n",
    ) as string,
  });
  const [first, ...more] = readRecording("01-system");
  if (first?.response === null || first?.response === undefined) throw new Error("no exchange");
  write("bad", [{ ...first, response: { ...first.response, status: 500 } }, ...more.slice(0, 1)]);
  const bad = await replay(folder);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain(
    "bad: 1 matched, 1 different, 0 out of scope, 0 exception\n    different: 1 GET /api/v2.0/ping",
  );
  expect(bad.stdout).toContain("        status: recorded 500, here 200\n");
  writeFileSync(path.join(folder, "broken.json"), "[{}]");
  expect(await replay(folder)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("broken.json is no recording") as string,
  });
});
