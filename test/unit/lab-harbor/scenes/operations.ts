/** Recordings of what runs by itself: retention, replication, webhooks, schedules. */
import type { Preparation, Scene } from "../scene.ts";
import { taggedDigest } from "../surroundings.ts";

const ONE = taggedDigest("library/hello", "1.0");
const TWO = taggedDigest("library/hello", "2.0");

/** What the last run, a pull, brought into `src`: three repositories. The stand-in copies nothing. */
function copied(scene: Scene): void {
  const { executions } = scene.harbor.app.state;
  Object.assign(executions.at(-1) ?? {}, { tasks: 3 });
  scene.pushed("src", "late", "1.0", ONE);
  scene.pushed("src", "hello", "1.0", ONE);
  scene.pushed("src", "hello", "2.0", TWO);
  // The upstream had three images here then; this tag starts the event-based policies once more.
  scene.pushed("src", "hello", "v2s2", OTHER);
  scene.pushed("src", "never", "1.0", TWO);
}

/** A third image: one of an index. */
const OTHER = "sha256:cc0c77d6fa67fb376c8a9ae94407bf1da64479bbcf06a131e86d7b9f794138dd";

export const operations: readonly Preparation[] = [
  { file: "10-retention", after: "09-robots" },
  { file: "11-immutable-labels-members", after: "10-retention" },
  {
    file: "12-replication",
    before: {
      41: (scene) => {
        scene.pushed("src", "app", "v1", ONE);
        scene.pushed("src", "app", "nope", ONE);
      },
      48: copied,
    },
  },
  { file: "13-webhooks", after: "12-replication" },
  { file: "14-schedules-gc-purge-scan", after: "13-webhooks" },
];
