/** What is known of the recordings in test/fixtures/harbor-api besides what they say themselves. */
import type { Preparation } from "../scene.ts";
import { taggedDigest } from "../surroundings.ts";
import { operations } from "./operations.ts";

export const PREPARATIONS: readonly Preparation[] = [
  { file: "01-system" },
  { file: "02-auth-failures" },
  { file: "03-csrf-session" },
  { file: "04-registries" },
  { file: "05-projects" },
  { file: "06-quotas", after: "05-projects" },
  { file: "07-configurations" },
  { file: "08-configurations-bad-values" },
  { file: "09-robots" },
  ...operations,
  {
    file: "15-proxy-cache-pull",
    before: {
      // Set back, without a word.
      72: (scene) => {
        scene.registry({ type: "docker-registry" });
      },
    },
  },
  {
    file: "18-proxy-cache-containerd-flow",
    before: {
      // The manifests were cached after 20 s, so their blobs had been pulled too.
      11: async (scene) => {
        await scene.pulled("mirror/team/multi", taggedDigest("team/multi", "1.0"));
        await scene.pulled("mirror/library/hello", taggedDigest("library/hello", "1.0"));
      },
    },
  },
];
