/** How a pool's nodes are gone through, and when one counts as good. */
import { integer, list, mapping, text, choice } from "./value.ts";
import * as z from "zod";

/** How many of a pool's nodes: a number, or a part of it. */
export type Amount = number | `${number}%`;

function amount(least: number, example: string) {
  const error = `must be a number of nodes, or a part of them from 1% to 100%; for example: ${example}`;
  const part = z
    .templateLiteral([z.int(), "%"])
    .refine((value) => /^(?:[1-9]\d?|100)%$/.test(value), { error });
  return z.union([integer(least, 10_000, example), part], { error });
}

export const rollout = mapping("{ canary: 1, wave: 25%, pause: 10, maxFailed: 0, parallel: 10 }", {
  canary: z
    .union([integer(0, 10_000, "1"), list("[worker-1]", z.string())], {
      error: "must be a number of nodes or a list of their names; for example: 1",
    })
    .exactOptional()
    .describe("Nodes that are done first, a number (default 1) or names; 0 is none."),
  wave: amount(1, "25%")
    .exactOptional()
    .describe("Most nodes of each further wave, a number or a part of the pool, default 25%."),
  pause: integer(0, 86_400, "10").exactOptional().describe("Seconds between two waves, default 10."),
  maxFailed: amount(0, "10%")
    .exactOptional()
    .describe("Failed nodes that are borne; one more, and no further node is begun. Default 0."),
  parallel: integer(1, 500, "10")
    .exactOptional()
    .describe("Nodes of a wave at the same time, default 10; 1 for k3s and rke2, which restart."),
})
  .exactOptional()
  .describe("Canary, waves and where to stop.");

const image = text("docker.io/library/hello-world:latest", (value) =>
  /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)+(?::[\w.-]{1,128}|@sha256:[0-9a-f]{64})$/.test(value)
    ? undefined
    : "must be a whole image reference, with registry and with tag or digest",
);

export const verifyPull = mapping("{ image: docker.io/library/hello-world:latest }", {
  image: image.describe(
    "A small image that no pod uses, by its whole name: it is removed from the node before and after.",
  ),
  timeout: integer(5, 3600, "120").default(120).describe("Seconds for the pull, default 120."),
})
  .exactOptional()
  .describe(
    "An image that each node pulls by its own runtime, and that has to show in Harbor's access log. Default: none.",
  );

export const onConflict = choice(["warning", "error"])
  .exactOptional()
  .describe(
    "What is done about others' configuration that keeps images from the cache: warning (default), or error before " +
      "anything is written. What the runtime would refuse to run with is always an error.",
  );

export const onUnreachable = choice(["fail", "skip"])
  .exactOptional()
  .describe("A node that can't be reached fails (default), or is skipped and done by a later up.");
