/**
 * What the stand-ins for Pulumi's plugins share: the protocol outside, plain values inside. A stand-in says what its
 * resources do (`Plugin`); its main.ts calls `servePlugin`.
 */
import { flushCompileCache } from "node:module";

import * as grpc from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";

import { EngineLog } from "../../provider/engine-log.ts";
import { toServiceError } from "../../provider/grpc-error.ts";
import { PartialFailure } from "../../provider/resource.ts";
import type {
  CheckFailure,
  CheckResult,
  Created,
  DiffKind,
  DiffResult,
  ReadResult,
} from "../../provider/resource.ts";
import { fromStruct, noSecrets, toStruct } from "../../provider/values.ts";
import type { Properties, Secrets } from "../../provider/values.ts";

/** One request about one resource. */
export interface Call {
  readonly urn: string;
  /** Type token. */
  readonly type: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Nothing may be done, and what isn't known yet is UNKNOWN. */
  readonly preview: boolean;
  /** Aborted by Cancel and when the plugin ends. */
  readonly signal: AbortSignal;
  readonly log: (severity: "info" | "warning", message: string) => void;
}

/**
 * A stand-in. Properties are plain: secrets are unwrapped, and what comes out at the path of a secret is one again.
 * `state` is what create or update returned, `inputs` what check did. An error's text goes to the user as it is.
 */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  /** Types that it doesn't know are refused by name before any of the functions below is called. */
  readonly knows: (type: string) => boolean;
  /** Default: everything is right. */
  readonly checkConfig?: (configuration: Properties) => readonly CheckFailure[];
  /** Between two configurations of the provider. Default: the engine compares them, and none replaces. */
  readonly diffConfig?: (olds: Properties, news: Properties) => DiffResult;
  /** The provider's configuration; at a preview some of it may be UNKNOWN. */
  readonly configure?: (configuration: Properties, log: Call["log"]) => void | Promise<void>;
  /** `olds` are the last checked inputs, empty at create; `name` is the resource's in the program. */
  readonly check: (type: string, inputs: Properties, olds: Properties, name: string) => CheckResult;
  readonly diff: (
    type: string,
    id: string,
    oldInputs: Properties,
    state: Properties,
    news: Properties,
  ) => DiffResult;
  readonly create: (call: Call, inputs: Properties) => Created | Promise<Created>;
  /** Undefined: it is gone. Default: whatever happened outside, the state stays as it is. */
  readonly read?: (
    call: Call,
    id: string,
    inputs: Properties,
    state: Properties,
  ) => ReadResult | undefined | Promise<ReadResult | undefined>;
  /** Returns the new state. */
  readonly update: (
    call: Call,
    id: string,
    state: Properties,
    news: Properties,
  ) => Properties | Promise<Properties>;
  readonly delete: (call: Call, id: string, state: Properties) => void | Promise<void>;
  /** Default: every invoke is refused by name. */
  readonly invoke?: (token: string, args: Properties, log: Call["log"]) => Properties | Promise<Properties>;
  /** Where else there are secrets in what goes out, given where there were some in what came in. Default: nowhere. */
  readonly moreSecrets?: (type: string, paths: readonly Path[]) => readonly Path[];
  /** Ends what is still open. */
  readonly close?: () => void;
}

type Path = readonly (string | number)[];

export interface PluginService {
  readonly service: grpc.UntypedServiceImplementation;
  /** Ends what the plugin has begun. */
  readonly close: () => void;
}

export function pluginService(plugin: Plugin): PluginService {
  const canceled = new AbortController();
  let engine: EngineLog | undefined;
  const connect = (address: string): void => {
    engine?.close();
    engine = new EngineLog(address);
  };
  const logFor =
    (urn: string): Call["log"] =>
    (severity, message) =>
      void engine?.write(severity, message, urn, false);
  const callOf = (request: { getUrn(): string; getPreview?(): boolean }): Call => {
    const urn = request.getUrn();
    return {
      urn,
      type: typeOf(plugin, urn),
      name: nameOf(urn),
      preview: request.getPreview?.() ?? false,
      signal: canceled.signal,
      log: logFor(urn),
    };
  };

  const service: grpc.UntypedServiceImplementation = {
    handshake: unary((request: providerProto.ProviderHandshakeRequest) => {
      connect(request.getEngineAddress());
      return new providerProto.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: unary((request: pluginProto.PluginAttach) => {
      connect(request.getAddress());
      return new emptyProto.Empty();
    }),
    getPluginInfo: unary(() => new pluginProto.PluginInfo().setVersion(plugin.version)),
    getSchema: unary(() =>
      new providerProto.GetSchemaResponse().setSchema(
        JSON.stringify({ name: plugin.name, version: plugin.version }),
      ),
    ),
    checkConfig: unary((request: providerProto.CheckRequest) => {
      const secrets = noSecrets();
      const failures = plugin.checkConfig?.(fromStruct(request.getNews(), secrets)) ?? [];
      return new providerProto.CheckResponse()
        .setInputs(request.getNews())
        .setFailuresList(checkFailures(failures, secrets));
    }),
    diffConfig: unary((request: providerProto.DiffRequest) => {
      if (plugin.diffConfig === undefined) return new providerProto.DiffResponse();
      const [olds, news] = [request.getOlds(), request.getNews()];
      return diffResponse(plugin.diffConfig(fromStruct(olds, noSecrets()), fromStruct(news, noSecrets())));
    }),
    configure: unary(async (request: providerProto.ConfigureRequest) => {
      await plugin.configure?.(fromStruct(request.getArgs(), noSecrets()), logFor(""));
      return new providerProto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    check: unary((request: providerProto.CheckRequest) => {
      const secrets = noSecrets();
      const type = typeOf(plugin, request.getUrn());
      const olds = fromStruct(request.getOlds(), noSecrets());
      const news = fromStruct(request.getNews(), secrets);
      const { inputs, failures } = plugin.check(type, news, olds, nameOf(request.getUrn()));
      addMore(plugin, type, secrets);
      return new providerProto.CheckResponse()
        .setInputs(toStruct(inputs, secrets))
        .setFailuresList(checkFailures(failures, secrets));
    }),
    diff: unary((request: providerProto.DiffRequest) => {
      const [olds, state, news] = [request.getOldInputs(), request.getOlds(), request.getNews()].map(
        (properties) => fromStruct(properties, noSecrets()),
      ) as [Properties, Properties, Properties];
      return diffResponse(plugin.diff(typeOf(plugin, request.getUrn()), request.getId(), olds, state, news));
    }),
    create: unary(async (request: providerProto.CreateRequest, secrets) => {
      const inputs = fromStruct(request.getProperties(), secrets);
      const call = callOf(request);
      addMore(plugin, call.type, secrets);
      const { id, state } = await plugin.create(call, inputs);
      return new providerProto.CreateResponse().setId(id).setProperties(toStruct(state, secrets));
    }),
    update: unary(async (request: providerProto.UpdateRequest, secrets) => {
      const news = fromStruct(request.getNews(), secrets);
      const olds = fromStruct(request.getOlds(), noSecrets());
      const call = callOf(request);
      addMore(plugin, call.type, secrets);
      const state = await plugin.update(call, request.getId(), olds, news);
      return new providerProto.UpdateResponse().setProperties(toStruct(state, secrets));
    }),
    read: unary(async (request: providerProto.ReadRequest, secrets) => {
      const response = new providerProto.ReadResponse();
      const [id, given, kept] = [request.getId(), request.getInputs(), request.getProperties()];
      if (plugin.read === undefined) return response.setId(id).setInputs(given).setProperties(kept);
      const call = callOf(request);
      const [inputs, state] = [fromStruct(given, secrets), fromStruct(kept, secrets)];
      addMore(plugin, call.type, secrets);
      const found = await plugin.read(call, id, inputs, state);
      // An empty id tells the engine that the object is gone.
      if (found === undefined) return response;
      return response
        .setId(found.id)
        .setInputs(toStruct(found.inputs, secrets))
        .setProperties(toStruct(found.state, secrets));
    }),
    delete: unary(async (request: providerProto.DeleteRequest) => {
      const state = fromStruct(request.getProperties(), noSecrets());
      await plugin.delete(callOf(request), request.getId(), state);
      return new emptyProto.Empty();
    }),
    invoke: unary(async (request: providerProto.InvokeRequest) => {
      const token = request.getTok();
      if (plugin.invoke === undefined) throw new Error(unknown(plugin, "function", token));
      const args = fromStruct(request.getArgs(), noSecrets());
      const answer = await plugin.invoke(token, args, logFor(""));
      return new providerProto.InvokeResponse().setReturn(toStruct(answer, noSecrets()));
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
      plugin.close?.();
      engine?.close();
    },
  };
}

/** The process of a stand-in: serves on a free loopback port and prints it. */
export function servePlugin(plugin: Plugin): void {
  const { service, close } = pluginService(plugin);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  server.addService(providerGrpc.ResourceProviderService, service);
  // The engine holds our stdin open while it lives: nothing stays behind when it is killed.
  process.stdin.resume().once("end", () => {
    close();
    process.exit(0);
  });
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
    // Where NODE_COMPILE_CACHE is set: the engine kills its plugins, which would then write nothing.
    flushCompileCache();
  });
}

/** What a stand-in says of a type or function that it doesn't have. */
export function unknown(
  { name, version }: Pick<Plugin, "name" | "version">,
  what: "resource" | "function",
  token: string,
): string {
  return `the stand-in for the plugin ${name} ${version} has no ${what} ${token}`;
}

function unary<Request, Response>(
  work: (request: Request, secrets: Secrets) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, done) => {
    const secrets = noSecrets();
    const run = async () => work(call.request, secrets);
    run().then(
      (response) => {
        done(null, response);
      },
      (error: unknown) => {
        if (error instanceof PartialFailure) done(toServiceError(error, secrets, []));
        else
          done({
            code: grpc.status.UNKNOWN,
            details: error instanceof Error ? error.message : String(error),
          });
      },
    );
  };
}

function addMore(plugin: Plugin, type: string, { paths }: Secrets): void {
  const came = [...paths].map((path) => JSON.parse(path) as Path);
  for (const path of plugin.moreSecrets?.(type, came) ?? []) paths.add(JSON.stringify(path));
}

const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` */
function typeOf(plugin: Plugin, urn: string): string {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  if (!plugin.knows(type)) throw new Error(unknown(plugin, "resource", type));
  return type;
}

function checkFailures(failures: readonly CheckFailure[], secrets: Secrets): providerProto.CheckFailure[] {
  const paths = [...secrets.paths].map((path) => (JSON.parse(path) as [string])[0]);
  return failures.map(({ property, reason }) =>
    // The engine prints the value of the property that a failure names.
    paths.includes(topLevel(property))
      ? new providerProto.CheckFailure().setReason(`${property}: ${reason}`)
      : new providerProto.CheckFailure().setProperty(property).setReason(reason),
  );
}

const topLevel = (path: string): string => path.split(/[.[]/, 1)[0] ?? path;

const { Kind } = providerProto.PropertyDiff;
const KINDS: Record<DiffKind, providerProto.PropertyDiff.Kind> = {
  add: Kind.ADD,
  delete: Kind.DELETE,
  update: Kind.UPDATE,
  "add-replace": Kind.ADD_REPLACE,
  "delete-replace": Kind.DELETE_REPLACE,
  "update-replace": Kind.UPDATE_REPLACE,
};

function diffResponse({ detailed, deleteBeforeReplace = false }: DiffResult): providerProto.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = providerProto.DiffResponse.DiffChanges;
  const changed = Object.entries(detailed);
  const response = new providerProto.DiffResponse();
  response.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(deleteBeforeReplace);
  const replacing = changed.filter(([, { kind }]) => kind.endsWith("-replace"));
  response.setReplacesList([...new Set(replacing.map(([path]) => topLevel(path)))]);
  for (const [path, { kind, inputDiff = true }] of changed) {
    response
      .getDetaileddiffMap()
      .set(path, new providerProto.PropertyDiff().setKind(KINDS[kind]).setInputdiff(inputDiff));
  }
  return response;
}
