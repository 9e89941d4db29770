/** The recorded exchanges with a real Harbor, read and checked. */
import { readFileSync } from "node:fs";
import { z } from "zod";

const exchange = z.object({
  seq: z.int(),
  note: z.string().optional(),
  request: z
    .object({
      method: z.string(),
      path: z.string(),
      auth: z.enum(["admin", "none", "basic"]),
      headers: z.record(z.string(), z.string()),
      body: z.unknown().optional(),
      body_raw: z.string().optional(),
    })
    .nullable(),
  response: z
    .object({
      status: z.int(),
      headers: z.record(z.string(), z.string()),
      headers_list: z.array(z.tuple([z.string(), z.string()])).optional(),
      body: z.unknown().optional(),
      body_raw: z.string().optional(),
      body_ends_with_newline: z.boolean().optional(),
    })
    .nullish(),
});

export type RecordedExchange = z.infer<typeof exchange>;
export type RecordedRequest = NonNullable<RecordedExchange["request"]>;
export type RecordedResponse = NonNullable<RecordedExchange["response"]>;

/** One of test/fixtures/harbor-api. */
export function readRecording(name: string): RecordedExchange[] {
  return readRecordingFile(new URL(`../../fixtures/harbor-api/${name}.json`, import.meta.url));
}

/** Throws where the file is no recording. */
export function readRecordingFile(file: string | URL): RecordedExchange[] {
  const parsed = z.array(exchange).safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  throw new Error(`${String(file)} is no recording: ${z.prettifyError(parsed.error)}`);
}

const upstream = z.object({
  repositories: z.record(z.string(), z.record(z.string(), z.string())),
  manifests: z.record(z.string(), z.enum(["oci-manifest", "oci-index"])),
  blobs: z.record(z.string(), z.base64()),
});

/** What the upstream registry of the recordings held: the same bytes, so the same digests. */
export function readRecordedUpstream(): z.infer<typeof upstream> {
  const file = new URL("../../fixtures/recorded-upstream.json", import.meta.url);
  return upstream.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Every value of a header, in order. */
export function headerValues(response: RecordedResponse, name: string): string[] {
  const all = response.headers_list ?? Object.entries(response.headers);
  return all.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}
