/**
 * Stand-in for the plugin of @pulumi/command 1.2.1, for machines that can't download the real one. It speaks the same
 * protocol, runs commands for real over SSH, and behaves as the real one was seen to. It knows
 * `command:remote:Command` only; every other type is refused.
 */
import { randomBytes } from "node:crypto";

import * as grpc from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type { Client } from "ssh2";

import { EngineLog } from "../../../provider/engine-log.ts";
import { checkInputs } from "../../../provider/inputs.ts";
import { diffProperties } from "../../../provider/property-diff.ts";
import { fromStruct, noSecrets, toStruct, UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import { create, remove, update } from "./command.ts";
import type { Surroundings } from "./command.ts";
import { SHAPES } from "./inputs.ts";

const VERSION = "1.2.1";

const { Kind } = providerProto.PropertyDiff;
const KINDS: Record<string, providerProto.PropertyDiff.Kind> = {
  add: Kind.ADD,
  delete: Kind.DELETE,
  update: Kind.UPDATE,
  "add-replace": Kind.ADD_REPLACE,
  "delete-replace": Kind.DELETE_REPLACE,
  "update-replace": Kind.UPDATE_REPLACE,
};

/** Outputs at a preview. */
const NOT_YET: Properties = { stdout: UNKNOWN, stderr: UNKNOWN };

export interface CommandProvider {
  readonly service: grpc.UntypedServiceImplementation;
  /** Ends every connection and what waits for one. */
  readonly close: () => void;
}

export function commandProvider(): CommandProvider {
  const canceled = new AbortController();
  const connections = new Set<Client>();
  let log: EngineLog | undefined;

  const around = (urn: string): Surroundings => ({
    signal: canceled.signal,
    connections,
    log: (severity, message) => void log?.write(severity, message, urn, false),
  });
  const connectLog = (address: string): void => {
    log?.close();
    log = new EngineLog(address);
  };

  const service: grpc.UntypedServiceImplementation = {
    handshake: unary((request: providerProto.ProviderHandshakeRequest) => {
      connectLog(request.getEngineAddress());
      return new providerProto.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: unary((request: pluginProto.PluginAttach) => {
      connectLog(request.getAddress());
      return new emptyProto.Empty();
    }),
    getPluginInfo: unary(() => new pluginProto.PluginInfo().setVersion(VERSION)),
    getSchema: unary(() =>
      new providerProto.GetSchemaResponse().setSchema(JSON.stringify({ name: "command", version: VERSION })),
    ),
    checkConfig: unary((request: providerProto.CheckRequest) =>
      new providerProto.CheckResponse().setInputs(request.getNews()),
    ),
    diffConfig: unary(() => new providerProto.DiffResponse()),
    configure: unary(() =>
      new providerProto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    ),
    check: unary((request: providerProto.CheckRequest) => {
      const secrets = noSecrets();
      const { inputs, failures } = checkInputs(
        shapeOf(request.getUrn()),
        fromStruct(request.getNews(), secrets),
      );
      return new providerProto.CheckResponse()
        .setInputs(toStruct(inputs, secrets))
        .setFailuresList(
          failures.map(({ property, reason }) =>
            new providerProto.CheckFailure().setProperty(property).setReason(reason),
          ),
        );
    }),
    diff: unary((request: providerProto.DiffRequest) => {
      const olds = fromStruct(request.getOldInputs(), noSecrets());
      return diffResponse(diffProperties(olds, fromStruct(request.getNews(), noSecrets()), ["triggers"]));
    }),
    create: unary(async (request: providerProto.CreateRequest) => {
      shapeOf(request.getUrn());
      const secrets = noSecrets();
      const inputs = fromStruct(request.getProperties(), secrets);
      const outputs = request.getPreview() ? NOT_YET : await create(inputs, around(request.getUrn()));
      return new providerProto.CreateResponse()
        .setId(request.getPreview() ? "" : `${nameOf(request.getUrn())}${randomBytes(4).toString("hex")}`)
        .setProperties(toStruct({ ...inputs, ...outputs }, secrets));
    }),
    update: unary(async (request: providerProto.UpdateRequest) => {
      const secrets = noSecrets();
      const news = fromStruct(request.getNews(), secrets);
      const outputs = request.getPreview()
        ? NOT_YET
        : await update(fromStruct(request.getOlds(), noSecrets()), news, around(request.getUrn()));
      return new providerProto.UpdateResponse().setProperties(toStruct({ ...news, ...outputs }, secrets));
    }),
    // No read: whatever happened on the machine, the state stays as it is.
    read: unary((request: providerProto.ReadRequest) =>
      new providerProto.ReadResponse()
        .setId(request.getId())
        .setInputs(request.getInputs())
        .setProperties(request.getProperties()),
    ),
    delete: unary(async (request: providerProto.DeleteRequest) => {
      await remove(fromStruct(request.getProperties(), noSecrets()), around(request.getUrn()));
      return new emptyProto.Empty();
    }),
    cancel: unary(() => {
      canceled.abort();
      return new emptyProto.Empty();
    }),
  };
  return {
    service,
    close: () => {
      canceled.abort();
      for (const client of connections) client.destroy();
      log?.close();
    },
  };
}

function unary<Request, Response>(
  work: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, done) => {
    const run = async () => work(call.request);
    run().then(
      (response) => {
        done(null, response);
      },
      (error: unknown) => {
        done({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
      },
    );
  };
}

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` */
function shapeOf(urn: string) {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const shape = SHAPES[type];
  if (shape !== undefined) return shape;
  throw new Error(`the stand-in for the plugin command ${VERSION} has no resource ${type}`);
}

const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

function diffResponse(detailed: ReturnType<typeof diffProperties>): providerProto.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = providerProto.DiffResponse.DiffChanges;
  const changed = Object.entries(detailed);
  const response = new providerProto.DiffResponse();
  response.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  const replaces = changed.some(([, { kind }]) => kind.endsWith("-replace"));
  response.setReplacesList(replaces ? ["triggers"] : []);
  for (const [path, { kind }] of changed) {
    const diff = new providerProto.PropertyDiff().setInputdiff(true);
    response.getDetaileddiffMap().set(path, diff.setKind(KINDS[kind] ?? Kind.UPDATE));
  }
  return response;
}
