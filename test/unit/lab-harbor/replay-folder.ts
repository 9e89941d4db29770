/** Replays recordings, each in the database that it was recorded in, and tells what differs. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { RecordedExchange } from "./recording.ts";
import { readRecording, readRecordingFile } from "./recording.ts";
import type { Preparation } from "./scene.ts";
import { Scene } from "./scene.ts";
import { EXCEPTIONS } from "./scenes/exceptions.ts";
import { PREPARATIONS } from "./scenes/recorded.ts";
import { Remarks } from "./scenes/remarks.ts";

export interface Outcome {
  readonly seq: number;
  /** `GET /api/v2.0/ping`, with the note. */
  readonly request: string;
  readonly verdict: "matched" | "different" | "out of scope" | "exception";
  /** What differs, or why it is out of scope or an exception. */
  readonly because: readonly string[];
}

export interface FileOutcome {
  readonly file: string;
  readonly outcomes: readonly Outcome[];
}

/** Every `*.json` of the folder, in order. */
export async function* replayFolder(folder: string): AsyncGenerator<FileOutcome> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
  if (files.length === 0) throw new Error(`no recordings (*.json) in ${folder}`);
  const recordings = new Map(
    files.map((file) => [file, readRecordingFile(path.join(folder, `${file}.json`))]),
  );
  let previous: string[] = [];
  for (const file of files) {
    const known = PREPARATIONS.find((one) => one.file === file);
    const chain = [...chainOf(known), file];
    let outcomes = await replayChain(chain, recordings);
    // Whether an unknown file began with a new Harbor is not said in it: what fits better.
    if (known === undefined && previous.length > 0 && differences(outcomes) > 0) {
      const onward = await replayChain([...previous, file], recordings);
      if (differences(onward) < differences(outcomes)) {
        outcomes = onward;
        chain.unshift(...previous);
      }
    }
    previous = chain;
    yield { file, outcomes };
  }
}

type Recordings = ReadonlyMap<string, readonly RecordedExchange[]>;

/** The files before this one in the same database. */
function chainOf(preparation: Preparation | undefined): string[] {
  const { after } = preparation ?? {};
  if (after === undefined) return [];
  return [...chainOf(PREPARATIONS.find((one) => one.file === after)), after];
}

/** What the last file of a chain gave. */
async function replayChain(chain: readonly string[], recordings: Recordings): Promise<Outcome[]> {
  const scene = await Scene.start();
  try {
    let outcomes: Outcome[] = [];
    // What a folder lacks of the files before is the same in the fixtures.
    for (const file of chain) {
      outcomes = await replayFile(scene, file, recordings.get(file) ?? readRecording(file));
    }
    return outcomes;
  } finally {
    await scene.close();
  }
}

async function replayFile(
  scene: Scene,
  file: string,
  exchanges: readonly RecordedExchange[],
): Promise<Outcome[]> {
  const known = PREPARATIONS.find((one) => one.file === file);
  const ids = known === undefined ? "free" : "exact";
  const remarks = new Remarks(scene);
  const outcomes: Outcome[] = [];
  for (const exchange of exchanges) {
    const { seq, request, note = "" } = exchange;
    const name =
      request === null ? note : `${request.method} ${request.path}${note === "" ? "" : ` (${note})`}`;
    try {
      await known?.before?.[seq]?.(scene);
      await remarks.understand(note);
      if (request === null) continue;
      outcomes.push({ seq, request: name, ...judge(file, seq, await scene.replay.exchange(exchange, ids)) });
    } catch (error) {
      outcomes.push({ seq, request: name, verdict: "different", because: [String(error)] });
    }
  }
  return outcomes;
}

function judge(
  file: string,
  seq: number,
  { expected, actual }: Awaited<ReturnType<Scene["replay"]["exchange"]>>,
): Pick<Outcome, "verdict" | "because"> {
  if (isDeepStrictEqual(actual, expected)) return { verdict: "matched", because: [] };
  const body = JSON.stringify(actual.body);
  if (actual.status === 501 && body.includes("stand-in: not implemented")) {
    return { verdict: "out of scope", because: [/not implemented: ([^"]*)/.exec(body)?.[1] ?? ""] };
  }
  const exception = EXCEPTIONS[`${file}:${seq}`];
  if (exception !== undefined) return { verdict: "exception", because: [exception] };
  return { verdict: "different", because: differing(expected, actual) };
}

function differences(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ verdict }) => verdict === "different").length;
}

/** One line for each value that differs: `body.errors.0.code: recorded "A", here "B"`. */
function differing(expected: unknown, actual: unknown): string[] {
  const [recorded, here] = [leaves(expected), leaves(actual)];
  return [...new Set([...recorded.keys(), ...here.keys()])]
    .filter((at) => recorded.get(at) !== here.get(at))
    .map((at) => `${at}: recorded ${recorded.get(at) ?? "nothing"}, here ${here.get(at) ?? "nothing"}`);
}

function leaves(value: unknown, at = ""): Map<string, string> {
  const below = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (below.length === 0) return new Map(value === undefined ? [] : [[at, JSON.stringify(value)]]);
  return new Map(below.flatMap(([key, item]) => [...leaves(item, at === "" ? key : `${at}.${key}`)]));
}
