/** Lines in the engine's display. */
import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import type { Severity } from "./resource.ts";

const SEVERITIES = {
  debug: engineProto.LogSeverity.DEBUG,
  info: engineProto.LogSeverity.INFO,
  warning: engineProto.LogSeverity.WARNING,
  error: engineProto.LogSeverity.ERROR,
} as const satisfies Record<Severity, engineProto.LogSeverity>;

export class EngineLog {
  readonly #client: engineGrpc.EngineClient;

  constructor(address: string) {
    this.#client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure());
  }

  /** Never rejects: a line that can't be shown must not fail what it tells of. */
  write(severity: Severity, message: string, urn: string, ephemeral: boolean): Promise<void> {
    const request = new engineProto.LogRequest();
    request.setSeverity(SEVERITIES[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    return new Promise((resolve) => {
      this.#client.log(request, new grpc.Metadata(), { deadline: Date.now() + 5000 }, () => {
        resolve();
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
