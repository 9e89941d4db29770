/** A rollout's progress, in lines that replace each other. */
import { countOf } from "./node-names.ts";
import type { RolloutWatcher, WaveProgress } from "./rollout.ts";

/** Milliseconds between two lines, at least. */
const INTERVAL = 250;

export interface ProgressLines extends RolloutWatcher {
  /** Nothing is shown any more. */
  end(): void;
}

/** Shows a wave now and then, and always as it last was. */
export function progressLines(
  show: (line: string) => void,
  lineOf: (wave: WaveProgress) => string,
): ProgressLines {
  let [last, later] = [0, undefined as NodeJS.Timeout | undefined];
  const now = (line: string): void => {
    clearTimeout(later);
    later = undefined;
    last = Date.now();
    show(line);
  };
  let latest = "";
  return {
    progress(wave) {
      latest = lineOf(wave);
      const left = last + INTERVAL - Date.now();
      if (left <= 0 || wave.done + wave.failed + wave.skipped === wave.nodes) now(latest);
      else
        later ??= setTimeout(() => {
          now(latest);
        }, left);
    },
    pausing(seconds, next, waves) {
      now(`pausing ${seconds} s before wave ${next.name} of ${waves} (${countOf(next.nodes.length)})`);
    },
    end() {
      clearTimeout(later);
    },
  };
}

/** `wave 2 of 5: 12/25 nodes done, 1 failed, 2 skipped` */
export function waveLine(wave: WaveProgress): string {
  const name = wave.wave === "canary" ? "canary" : `wave ${wave.wave} of ${wave.waves}`;
  const skipped = wave.skipped === 0 ? "" : `, ${wave.skipped} skipped`;
  return `${name}: ${wave.done}/${wave.nodes} nodes done, ${wave.failed} failed${skipped}`;
}
