/** How the cache of a registry behaves: for all of them under `cache`, and for each under its own. */
import * as z from "zod";
import { choice, flag, integer, mapping } from "./value.ts";

const keepDays = z.union([z.literal("forever"), integer(1, 3650, "30")], {
  error: "must be a number of days, or forever; for example: 30",
});

const options = {
  keepDays: keepDays
    .exactOptional()
    .describe(
      "Days without a pull after which an image goes from the cache, or `forever`. Default 30 (Harbor's own is 7).",
    ),
  localOnNotFound: flag()
    .exactOptional()
    .describe("Go on serving a cached tag that the upstream has deleted. Default false."),
  speedKb: integer(1, 10_000_000, "100000")
    .exactOptional()
    .describe("Kilobits a second of one download from the upstream. Default: without limit."),
  maxUpstreamConnections: integer(1, 10_000, "100")
    .exactOptional()
    .describe(
      "Downloads of one image from the upstream at a time; more are answered 429, and a node's pull then fails. " +
        "Default: without limit.",
    ),
  scanOnPull: flag()
    .exactOptional()
    .describe("Scan each image when it is cached; needs harbor.trivy. Default false."),
  blockSeverity: choice(["low", "medium", "high", "critical"])
    .exactOptional()
    .describe(
      "Refuse pulls of images with vulnerabilities of this severity or worse; needs harbor.trivy. Default: none, since " +
        "a node whose pull is refused falls back to the upstream, which checks nothing.",
    ),
};

export const cacheOptions = mapping("{ keepDays: 30 }", options);
export type CacheOptions = z.output<typeof cacheOptions>;
