/** What remarks and notes of a recording say was done outside HTTP, done again. */
import type { Scene } from "../scene.ts";
import { taggedDigest } from "../surroundings.ts";

interface Understood {
  readonly text: RegExp;
  /** With the groups of `text`. */
  readonly act: (scene: Scene, groups: readonly string[]) => void | Promise<void>;
}

const SAYINGS: readonly Understood[] = [
  {
    text: /was pushed by skopeo to ([^/\s]+)\/([^:\s]+):(\S+)/,
    act: (scene, [project = "", name = "", tag = ""]) => {
      scene.pushed(project, name, tag, taggedDigest("library/hello", "1.0"));
    },
  },
  {
    text: /skopeo pull (?:--all )?of ([^:\s]+):(\S+) -> rc 0/,
    act: (scene, [repository = "", tag = ""]) => scene.pulled(repository, tag),
  },
  {
    text: /row's health was set to '(healthy|unhealthy)' in the database/,
    act: (scene, [status]) => {
      scene.registry({ status: status === "healthy" ? "healthy" : "unhealthy" });
    },
  },
  {
    text: /row's type was set to (\S+) in the database/,
    act: (scene, [type = ""]) => {
      scene.registry({ type });
    },
  },
  {
    text: /^upstream tag ([^:\s]+):(\S+) moved to another image/,
    act: (scene, [name = "", tag = ""]) =>
      scene.surroundings.putTag(name, tag, taggedDigest("library/hello", "2.0")),
  },
  { text: /^upstream stopped/i, act: (scene) => scene.surroundings.stopUpstream() },
  { text: /^upstream back/i, act: (scene) => scene.surroundings.startUpstream() },
  {
    text: /^(core|database|jobservice|portal|redis|registry|registryctl) stopped/,
    act: (scene, [component = ""]) => {
      scene.stopped(component);
    },
  },
  {
    text: /^all up again/,
    act: (scene) => {
      scene.allUp();
    },
  },
];

/** `25 s later`, `70 s after pulling all of the index`: counted from the last exchange without such a note. */
const WAIT = /^(\d+) s (?:later|after)/;

export class Remarks {
  readonly #scene: Scene;
  #waited = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Before an exchange with that note, or in place of a remark. */
  async understand(text: string): Promise<void> {
    for (const { text: pattern, act } of SAYINGS) {
      const [, ...groups] = pattern.exec(text) ?? [];
      if (pattern.test(text)) await act(this.#scene, groups);
    }
    const [, seconds] = WAIT.exec(text) ?? [];
    const until = Number(seconds ?? 0) * 1000;
    if (until > this.#waited) await this.#scene.schedule.advance(until - this.#waited);
    this.#waited = until;
  }
}
