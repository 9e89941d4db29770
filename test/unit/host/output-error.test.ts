/** By the SDK's own serializing, which is what would change the message. */
import * as pulumi from "@pulumi/pulumi";
import { serializeProperties } from "@pulumi/pulumi/runtime/index.js";
import { expect, it } from "vitest";
import { OutputError } from "../../../components/host/output-error.ts";

async function failureOf(error: Error): Promise<unknown> {
  const inner = serializeProperties("inner", { hostKey: Promise.reject(error) });
  return serializeProperties("outer", { url: inner }).catch((reason: unknown) => reason);
}

it("is told as it stands, whatever waited for it", async () => {
  const error = new OutputError("the zone is private");
  expect(await failureOf(error)).toBe(error);
  expect(error.message).toBe("the zone is private");
  expect(pulumi.RunError.isInstance(error)).toBe(true);
});

it("needs to say so, since the SDK changes every other error's message", async () => {
  const error = new pulumi.RunError("the zone is private");
  await failureOf(error);
  expect(error.message).toBe(
    'error serializing property "url": error serializing property "hostKey": the zone is private',
  );
});
