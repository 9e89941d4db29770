/** The provider behind a real gRPC connection, asked as the engine asks it. */
import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { listen, ProviderServer } from "../../../provider/server.ts";
import type { FunctionModule, ResourceModule } from "../../../provider/resource.ts";

/** Properties on the wire. */
export type Wire = Record<string, unknown>;

const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const secret = (value: unknown): Wire => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });
export const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const urn = (type: string): string => `urn:pulumi:test::test::${type}::it`;

/** What the engine finds in a failed call. */
export interface Failure {
  readonly code: grpc.status;
  readonly message: string;
  readonly kept?: {
    readonly id: string;
    readonly state: Wire;
    readonly inputs: Wire | undefined;
    readonly reasons: string[];
  };
}

type Call<Request, Response> = (
  request: Request,
  done: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

export class ProviderClient {
  readonly #provider: ProviderServer;
  readonly #server: grpc.Server;
  readonly #engine: grpc.Server;
  readonly #client: providerGrpc.ResourceProviderClient;
  /** Lines written to the engine's log. */
  readonly logged: string[];

  private constructor(
    provider: ProviderServer,
    server: grpc.Server,
    engine: grpc.Server,
    port: number,
    logged: string[],
  ) {
    this.#provider = provider;
    this.#server = server;
    this.#engine = engine;
    this.logged = logged;
    this.#client = new providerGrpc.ResourceProviderClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createInsecure(),
    );
  }

  static async start(
    modules: readonly ResourceModule[],
    functions: readonly FunctionModule[] = [],
  ): Promise<ProviderClient> {
    const logged: string[] = [];
    const engine = new grpc.Server();
    engine.addService(engineGrpc.EngineService, {
      log: (
        call: grpc.ServerUnaryCall<engineProto.LogRequest, emptyProto.Empty>,
        done: grpc.sendUnaryData<emptyProto.Empty>,
      ) => {
        logged.push(call.request.getMessage());
        done(null, new emptyProto.Empty());
      },
    });
    const enginePort = await new Promise<number>((resolve, reject) => {
      engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
    const provider = new ProviderServer(modules, functions, {
      retry: { attempts: 1, baseDelay: 1, maxDelay: 1 },
      lockout: 1,
    });
    const server = new grpc.Server();
    const client = new ProviderClient(provider, server, engine, await listen(server, provider), logged);
    const request = new providerProto.ProviderHandshakeRequest().setEngineAddress(`127.0.0.1:${enginePort}`);
    const response = await ask<
      providerProto.ProviderHandshakeRequest,
      providerProto.ProviderHandshakeResponse
    >((r, done) => client.#client.handshake(r, done), request);
    if (!response.getAcceptSecrets()) throw new Error("the provider must accept secrets");
    return client;
  }

  async close(): Promise<void> {
    this.#client.close();
    this.#server.forceShutdown();
    await this.#provider.close();
    this.#engine.forceShutdown();
  }

  async checkConfig(news: Wire) {
    const request = new providerProto.CheckRequest()
      .setUrn(urn("pulumi:providers:harborcache"))
      .setNews(struct(news));
    return checked(
      await ask<providerProto.CheckRequest, providerProto.CheckResponse>(
        (r, done) => this.#client.checkConfig(r, done),
        request,
      ),
    );
  }

  async diffConfig(olds: Wire, news: Wire) {
    const request = new providerProto.DiffRequest().setOldInputs(struct(olds)).setNews(struct(news));
    return diffed(
      await ask<providerProto.DiffRequest, providerProto.DiffResponse>(
        (r, done) => this.#client.diffConfig(r, done),
        request,
      ),
    );
  }

  async configure(args: Wire) {
    const request = new providerProto.ConfigureRequest().setArgs(struct(args)).setAcceptsecrets(true);
    return (
      await ask<providerProto.ConfigureRequest, providerProto.ConfigureResponse>(
        (r, done) => this.#client.configure(r, done),
        request,
      )
    ).toObject();
  }

  async check(type: string, olds: Wire, news: Wire) {
    const request = new providerProto.CheckRequest()
      .setUrn(urn(type))
      .setOlds(struct(olds))
      .setNews(struct(news));
    return checked(
      await ask<providerProto.CheckRequest, providerProto.CheckResponse>(
        (r, done) => this.#client.check(r, done),
        request,
      ),
    );
  }

  async diff(type: string, id: string, oldInputs: Wire, olds: Wire, news: Wire) {
    const request = new providerProto.DiffRequest()
      .setUrn(urn(type))
      .setId(id)
      .setOldInputs(struct(oldInputs))
      .setOlds(struct(olds))
      .setNews(struct(news));
    return diffed(
      await ask<providerProto.DiffRequest, providerProto.DiffResponse>(
        (r, done) => this.#client.diff(r, done),
        request,
      ),
    );
  }

  async create(type: string, inputs: Wire, preview = false) {
    const request = new providerProto.CreateRequest()
      .setUrn(urn(type))
      .setProperties(struct(inputs))
      .setPreview(preview);
    const response = await ask<providerProto.CreateRequest, providerProto.CreateResponse>(
      (r, done) => this.#client.create(r, done),
      request,
    );
    return { id: response.getId(), state: wire(response.getProperties()) };
  }

  async read(type: string, id: string, inputs: Wire = {}, state: Wire = {}) {
    const request = new providerProto.ReadRequest()
      .setUrn(urn(type))
      .setId(id)
      .setInputs(struct(inputs))
      .setProperties(struct(state));
    const response = await ask<providerProto.ReadRequest, providerProto.ReadResponse>(
      (r, done) => this.#client.read(r, done),
      request,
    );
    return {
      id: response.getId(),
      inputs: wire(response.getInputs()),
      state: wire(response.getProperties()),
    };
  }

  async update(type: string, id: string, oldInputs: Wire, olds: Wire, news: Wire, preview = false) {
    const request = new providerProto.UpdateRequest()
      .setUrn(urn(type))
      .setId(id)
      .setOldInputs(struct(oldInputs))
      .setOlds(struct(olds))
      .setNews(struct(news))
      .setPreview(preview);
    return wire(
      (
        await ask<providerProto.UpdateRequest, providerProto.UpdateResponse>(
          (r, done) => this.#client.update(r, done),
          request,
        )
      ).getProperties(),
    );
  }

  async delete(type: string, id: string, inputs: Wire, state: Wire): Promise<void> {
    const request = new providerProto.DeleteRequest()
      .setUrn(urn(type))
      .setId(id)
      .setOldInputs(struct(inputs))
      .setProperties(struct(state));
    await ask<providerProto.DeleteRequest, emptyProto.Empty>(
      (r, done) => this.#client.delete(r, done),
      request,
    );
  }

  async cancel(): Promise<void> {
    await ask<emptyProto.Empty, emptyProto.Empty>(
      (r, done) => this.#client.cancel(r, done),
      new emptyProto.Empty(),
    );
  }

  async schema(): Promise<string> {
    const request = new providerProto.GetSchemaRequest();
    return (
      await ask<providerProto.GetSchemaRequest, providerProto.GetSchemaResponse>(
        (r, done) => this.#client.getSchema(r, done),
        request,
      )
    ).getSchema();
  }
}

/** The failure of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => {
      throw new Error("the call was expected to fail");
    },
    (reason: unknown) => reason as grpc.ServiceError,
  );
  const [details] = error.metadata.get("grpc-status-details-bin");
  if (details === undefined) return { code: error.code, message: error.details };
  const [any] = statusProto.Status.deserializeBinary(details as Buffer).getDetailsList();
  const failed = any?.unpack(
    (bytes: Uint8Array) => providerProto.ErrorResourceInitFailed.deserializeBinary(bytes),
    "pulumirpc.ErrorResourceInitFailed",
  );
  if (!failed) return { code: error.code, message: error.details };
  return {
    code: error.code,
    message: error.details,
    kept: {
      id: failed.getId(),
      state: wire(failed.getProperties()),
      inputs: failed.getInputs()?.toJavaScript(),
      reasons: failed.getReasonsList(),
    },
  };
}

function ask<Request, Response>(call: Call<Request, Response>, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    call(request, (error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

function struct(properties: Wire): structProto.Struct {
  return structProto.Struct.fromJavaScript(
    properties as Parameters<typeof structProto.Struct.fromJavaScript>[0],
  );
}

function wire(properties: structProto.Struct | undefined): Wire {
  return properties?.toJavaScript() ?? {};
}

function checked(response: providerProto.CheckResponse) {
  return { inputs: wire(response.getInputs()), failures: response.toObject().failuresList };
}

function diffed(response: providerProto.DiffResponse) {
  const kinds = Object.entries(providerProto.PropertyDiff.Kind);
  const detailed: Record<string, string | undefined> = {};
  response.getDetaileddiffMap().forEach((diff, path) => {
    detailed[path] = kinds.find(([, kind]) => kind === diff.getKind())?.[0];
  });
  return {
    changes: response.getChanges() === providerProto.DiffResponse.DiffChanges.DIFF_SOME,
    replaces: response.getReplacesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed,
  };
}
