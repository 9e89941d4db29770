import * as z from "zod";

import { read, type Rule } from "./rule.ts";

/** Two, because the edge's container asks for the role's credentials through a bridge. */
const MOST_HOPS = 2;

const instance = z.object({
  metadataOptions: z
    .object({
      httpEndpoint: z.string().default("enabled"),
      httpTokens: z.string().optional(),
      httpPutResponseHopLimit: z.number().optional(),
    })
    .default({ httpEndpoint: "enabled" }),
});

export const instanceMetadata: Rule = {
  name: "instance-metadata",
  description:
    "Instances answer metadata requests with a token only (IMDSv2), and over two hops at the most.",
  *check({ type, props }) {
    if (type !== "aws:ec2/instance:Instance") return;
    const { httpEndpoint, httpTokens, httpPutResponseHopLimit: hops } = read(instance, props).metadataOptions;
    if (httpEndpoint === "disabled") return;
    if (httpTokens !== "required")
      yield 'anybody who can make the instance send a request reads its role: set metadataOptions.httpTokens to "required"';
    // Without one, the account's or the image's default counts.
    if (hops === undefined || hops > MOST_HOPS)
      yield `metadata reaches too far: set metadataOptions.httpPutResponseHopLimit to ${MOST_HOPS} or less`;
  },
};
