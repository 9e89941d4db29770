/** What the engine asks the provider of one `MirrorPool`, over gRPC. */
import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type structProto from "google-protobuf/google/protobuf/struct_pb.js";

import { fromStruct, isList, noSecrets, toStruct } from "../provider/values.ts";
import type { Properties, Secrets, Value } from "../provider/values.ts";

const URN = "urn:pulumi:bench::bench::harborcache:nodes:MirrorPool::nodes-bench";
const ID = "nodes-bench";
const OPTIONS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

type Call<Request, Response> = (
  request: Request,
  done: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

export class ProviderCalls {
  readonly #engine = new grpc.Server();
  readonly #client: providerGrpc.ResourceProviderClient;

  private constructor(port: number) {
    const credentials = grpc.credentials.createInsecure();
    this.#client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials, OPTIONS);
  }

  static async connect(port: number): Promise<ProviderCalls> {
    const calls = new ProviderCalls(port);
    calls.#engine.addService(engineGrpc.EngineService, {
      log: (_call: unknown, done: grpc.sendUnaryData<emptyProto.Empty>) => {
        done(null, new emptyProto.Empty());
      },
    });
    const engine = await new Promise<number>((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      calls.#engine.bindAsync("127.0.0.1:0", credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    await ask<providerProto.ProviderHandshakeRequest, providerProto.ProviderHandshakeResponse>(
      (request, done) => calls.#client.handshake(request, done),
      new providerProto.ProviderHandshakeRequest().setEngineAddress(`127.0.0.1:${engine}`),
    );
    return calls;
  }

  close(): void {
    this.#client.close();
    this.#engine.forceShutdown();
  }

  /** The checked inputs; an error where they have faults. */
  async check(olds: Properties, news: Properties): Promise<Properties> {
    const response = await ask<providerProto.CheckRequest, providerProto.CheckResponse>(
      (request, done) => this.#client.check(request, done),
      new providerProto.CheckRequest().setUrn(URN).setOlds(wire(olds)).setNews(wire(news)),
    );
    const faults = response.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`);
    if (faults.length > 0) throw new Error(`the provider refuses the inputs:\n${faults.join("\n")}`);
    return plain(response.getInputs());
  }

  /** Is there anything to do? */
  async diff(oldInputs: Properties, state: Properties, news: Properties): Promise<boolean> {
    const request = new providerProto.DiffRequest().setUrn(URN).setId(ID);
    request.setOldInputs(wire(oldInputs)).setOlds(wire(state)).setNews(wire(news));
    const response = await ask<providerProto.DiffRequest, providerProto.DiffResponse>(
      (one, done) => this.#client.diff(one, done),
      request,
    );
    return response.getChanges() === providerProto.DiffResponse.DiffChanges.DIFF_SOME;
  }

  async create(inputs: Properties): Promise<Properties> {
    const response = await ask<providerProto.CreateRequest, providerProto.CreateResponse>(
      (request, done) => this.#client.create(request, done),
      new providerProto.CreateRequest().setUrn(URN).setProperties(wire(inputs)),
    );
    return plain(response.getProperties());
  }

  async update(oldInputs: Properties, state: Properties, news: Properties): Promise<Properties> {
    const request = new providerProto.UpdateRequest().setUrn(URN).setId(ID);
    request.setOldInputs(wire(oldInputs)).setOlds(wire(state)).setNews(wire(news));
    const response = await ask<providerProto.UpdateRequest, providerProto.UpdateResponse>(
      (one, done) => this.#client.update(one, done),
      request,
    );
    return plain(response.getProperties());
  }

  async read(inputs: Properties, state: Properties): Promise<{ inputs: Properties; state: Properties }> {
    const response = await ask<providerProto.ReadRequest, providerProto.ReadResponse>(
      (request, done) => this.#client.read(request, done),
      new providerProto.ReadRequest()
        .setUrn(URN)
        .setId(ID)
        .setInputs(wire(inputs))
        .setProperties(wire(state)),
    );
    return { inputs: plain(response.getInputs()), state: plain(response.getProperties()) };
  }
}

function ask<Request, Response>(call: Call<Request, Response>, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    call(request, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

const plain = (struct: structProto.Struct | undefined): Properties => fromStruct(struct, noSecrets());

/** Private keys are secrets, as the component makes them. */
function wire(properties: Properties): structProto.Struct {
  const secrets: Secrets = { paths: new Set(), texts: new Set() };
  for (const path of privateKeys(properties, [])) secrets.paths.add(JSON.stringify(path));
  return toStruct(properties, secrets);
}

function privateKeys(value: Value, path: readonly (string | number)[]): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [];
  const entries = isList(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) =>
    key === "privateKey" ? [[...path, key]] : privateKeys(item, [...path, key]),
  );
}
