import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { FileOutcome, Outcome } from "./replay-folder.ts";
import { replayFolder } from "./replay-folder.ts";
import { EXCEPTIONS } from "./scenes/exceptions.ts";
import { PREPARATIONS } from "./scenes/recorded.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/harbor-api", import.meta.url));

/** What the stand-in answers with 501: neither the program nor its commands nor pulls ask for it. */
const OUT_OF_SCOPE = [
  "GET /api/v2.0/auditlog-exts/events",
  "GET /api/v2.0/jobservice/pools",
  "GET /api/v2.0/jobservice/queues",
  "GET /api/v2.0/projects/3/webhook/lasttrigger",
  "GET /api/v2.0/projects/3/webhook/policies/1/executions",
  "GET /api/v2.0/projects/proxy.local/auditlog-exts",
  "GET /api/v2.0/replication/adapterinfos",
  "GET /api/v2.0/replication/executions/8/tasks",
  "GET /api/v2.0/replication/executions/9/tasks",
  "GET /api/v2.0/replication/executions/9/tasks/11/log",
  "GET /api/v2.0/retentions/metadatas",
  "GET /api/v2.0/system/gc/21/log",
  "PUT /api/v2.0/replication/executions/9",
];

describe("the stand-in answers as the recorded Harbor did", () => {
  const replayed = new Map<string, FileOutcome["outcomes"]>();
  const found = (verdict: Outcome["verdict"]): (Outcome & { readonly file: string })[] =>
    [...replayed].flatMap(([file, outcomes]) =>
      outcomes.filter((one) => one.verdict === verdict).map((one) => ({ file, ...one })),
    );

  beforeAll(async () => {
    for await (const { file, outcomes } of replayFolder(FOLDER)) replayed.set(file, outcomes);
  });

  test.each(PREPARATIONS)("$file", ({ file }) => {
    expect(found("matched").filter((one) => one.file === file).length).toBeGreaterThan(10);
    expect(found("different").filter((one) => one.file === file)).toEqual([]);
  });

  test("what is replayed, what is out of scope and what is an exception is known exactly", () => {
    console.log(
      `recorded exchanges: ${found("matched").length} match, ${found("out of scope").length} out of scope`,
    );
    expect([...replayed.keys()]).toEqual(PREPARATIONS.map(({ file }) => file));
    expect(found("exception").map(({ file, seq }) => `${file}:${seq}`)).toEqual(Object.keys(EXCEPTIONS));
    const endpoints = new Set(found("out of scope").map(({ because }) => because.join()));
    expect([...endpoints].sort()).toEqual(OUT_OF_SCOPE);
  });
});
