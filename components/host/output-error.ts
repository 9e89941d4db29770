import { RunError } from "@pulumi/pulumi";

/**
 * What is wrong with a value that resources wait for, in words for people. The SDK writes `error serializing property "…"`
 * before the message of such an error, once for each resource on the way (runtime/rpc.js, serializeFilteredProperties):
 * dozens of times. This one's message stays as it is.
 */
export class OutputError extends RunError {
  constructor(message: string) {
    super(message);
    Object.defineProperty(this, "message", { get: () => message, set: () => undefined });
  }
}
