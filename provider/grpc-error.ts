/** Errors as the engine understands them. */
import * as grpc from "@grpc/grpc-js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import anyProto from "google-protobuf/google/protobuf/any_pb.js";
import { PartialFailure } from "./resource.ts";
import { redact, toStruct, type Secrets } from "./values.ts";

/**
 * A plain error means that nothing was done; ABORTED tells the engine so, where UNKNOWN or INTERNAL would leave a
 * pending operation in its state. A `PartialFailure` carries what exists, so that the engine keeps it.
 */
export function toServiceError(
  error: unknown,
  secrets: Secrets,
  secretOutputs: readonly string[],
): Partial<grpc.StatusObject> {
  const message = redact(error instanceof Error ? error.message : String(error), secrets);
  if (!(error instanceof PartialFailure)) return { code: grpc.status.ABORTED, details: message };

  const detail = new providerProto.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(toStruct(error.state, secrets, secretOutputs));
  if (error.inputs !== undefined) detail.setInputs(toStruct(error.inputs, secrets));
  detail.setReasonsList(error.reasons.map((reason) => redact(reason, secrets)));

  const any = new anyProto.Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusProto.Status();
  status.setCode(grpc.status.ABORTED);
  status.setMessage(message);
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.ABORTED, details: message, metadata };
}
