/** The ResourceProvider service: gRPC and protobuf outside, resource modules on plain values inside. */
import * as grpc from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import { checkConfiguration, parseConfiguration, type HarborConnection } from "./configuration.ts";
import { EngineLog } from "./engine-log.ts";
import { toServiceError } from "./grpc-error.ts";
import type { ClientOptions, HarborClient } from "./harbor/client.ts";
import { diffProperties } from "./property-diff.ts";
import type {
  CheckResult,
  DiffKind,
  DiffResult,
  FunctionModule,
  ResourceContext,
  ResourceModule,
} from "./resource.ts";
import { schemaText, VERSION } from "./schema.ts";
import { fromStruct, noSecrets, redact, toStruct, type Secrets } from "./values.ts";

/** A message about one resource. */
interface AboutResource {
  getUrn(): string;
}

const KINDS: Record<DiffKind, providerProto.PropertyDiff.Kind> = {
  add: providerProto.PropertyDiff.Kind.ADD,
  delete: providerProto.PropertyDiff.Kind.DELETE,
  update: providerProto.PropertyDiff.Kind.UPDATE,
  "add-replace": providerProto.PropertyDiff.Kind.ADD_REPLACE,
  "delete-replace": providerProto.PropertyDiff.Kind.DELETE_REPLACE,
  "update-replace": providerProto.PropertyDiff.Kind.UPDATE_REPLACE,
};

export class ProviderServer {
  readonly #modules: ReadonlyMap<string, ResourceModule>;
  readonly #functions: ReadonlyMap<string, FunctionModule>;
  readonly #clientOptions: ClientOptions;
  readonly #cancel = new AbortController();
  #harbor: HarborClient | undefined;
  #log: EngineLog | undefined;
  /** Of the configuration: hidden in every message. */
  #configured = noSecrets();

  constructor(
    modules: readonly ResourceModule[],
    functions: readonly FunctionModule[],
    clientOptions: ClientOptions = {},
  ) {
    this.#modules = new Map(modules.map((module) => [module.type, module]));
    this.#functions = new Map(functions.map((one) => [one.token, one]));
    this.#clientOptions = clientOptions;
  }

  /** Begin nothing new and end soon. */
  cancel(): void {
    this.#cancel.abort(new Error("Cancelled."));
  }

  async close(): Promise<void> {
    this.#log?.close();
    await this.#harbor?.close();
  }

  /** The handlers of the gRPC service. */
  service(): grpc.UntypedServiceImplementation {
    return {
      handshake: unary((request: providerProto.ProviderHandshakeRequest) => {
        this.#connect(request.getEngineAddress());
        return new providerProto.ProviderHandshakeResponse().setAcceptSecrets(true);
      }),
      attach: unary((request: pluginProto.PluginAttach) => {
        this.#connect(request.getAddress());
        return new emptyProto.Empty();
      }),
      getPluginInfo: unary(() => new pluginProto.PluginInfo().setVersion(VERSION)),
      getSchema: unary(() =>
        new providerProto.GetSchemaResponse().setSchema(
          schemaText(this.#modules.values(), this.#functions.values()),
        ),
      ),
      checkConfig: unary((request: providerProto.CheckRequest) => {
        const secrets = noSecrets();
        const result = checkConfiguration(fromStruct(request.getNews(), secrets));
        return checkResponse(result, secrets, ["password"]);
      }),
      diffConfig: unary((request: providerProto.DiffRequest) => {
        // A Harbor that moved, or whose password changed, is the same Harbor: never a reason to replace.
        const [olds, news] = [request.getOldInputs() ?? request.getOlds(), request.getNews()];
        return diffResponse({
          detailed: diffProperties(fromStruct(olds, noSecrets()), fromStruct(news, noSecrets())),
        });
      }),
      configure: unary((request: providerProto.ConfigureRequest) => this.#configure(request)),
      check: this.#resource((module, request: providerProto.CheckRequest, secrets) =>
        this.#check(module, request, secrets),
      ),
      diff: this.#resource((module, request: providerProto.DiffRequest, secrets) => {
        const news = fromStruct(request.getNews(), secrets);
        const [inputs, state] = [
          fromStruct(request.getOldInputs(), secrets),
          fromStruct(request.getOlds(), secrets),
        ];
        return diffResponse(module.diff(request.getId(), inputs, state, news));
      }),
      create: this.#resource(async (module, request: providerProto.CreateRequest, secrets, ctx) => {
        const inputs = fromStruct(request.getProperties(), secrets);
        const { id, state } = await module.create(ctx, request.getUrn(), inputs, request.getPreview());
        return new providerProto.CreateResponse()
          .setId(id)
          .setProperties(toStruct(state, secrets, module.secretOutputs));
      }),
      read: this.#resource(async (module, request: providerProto.ReadRequest, secrets, ctx) => {
        const [inputs, state] = [
          fromStruct(request.getInputs(), secrets),
          fromStruct(request.getProperties(), secrets),
        ];
        const found = await module.read(ctx, request.getUrn(), request.getId(), inputs, state);
        // An empty id tells the engine that the object is gone.
        if (found === undefined) return new providerProto.ReadResponse();
        return new providerProto.ReadResponse()
          .setId(found.id)
          .setInputs(toStruct(found.inputs, secrets, module.secretOutputs))
          .setProperties(toStruct(found.state, secrets, module.secretOutputs));
      }),
      update: this.#resource(async (module, request: providerProto.UpdateRequest, secrets, ctx) => {
        const news = fromStruct(request.getNews(), secrets);
        // Only what is secret now is marked, but what was secret is hidden too.
        const was: Secrets = { paths: new Set(), texts: secrets.texts };
        const [inputs, olds] = [fromStruct(request.getOldInputs(), was), fromStruct(request.getOlds(), was)];
        const preview = request.getPreview();
        const state = await module.update(
          ctx,
          request.getUrn(),
          request.getId(),
          inputs,
          olds,
          news,
          preview,
        );
        return new providerProto.UpdateResponse().setProperties(
          toStruct(state, secrets, module.secretOutputs),
        );
      }),
      delete: this.#resource(async (module, request: providerProto.DeleteRequest, secrets, ctx) => {
        const [inputs, state] = [
          fromStruct(request.getOldInputs(), secrets),
          fromStruct(request.getProperties(), secrets),
        ];
        await module.delete(ctx, request.getUrn(), request.getId(), inputs, state);
        return new emptyProto.Empty();
      }),
      invoke: (
        call: grpc.ServerUnaryCall<providerProto.InvokeRequest, providerProto.InvokeResponse>,
        done: grpc.sendUnaryData<providerProto.InvokeResponse>,
      ) => {
        const secrets: Secrets = { paths: new Set(), texts: new Set(this.#configured.texts) };
        this.#invoke(call.request, secrets).then(
          (response) => {
            done(null, response);
          },
          (error: unknown) => {
            done(toServiceError(error, secrets, []));
          },
        );
      },
      cancel: unary(() => {
        this.cancel();
        return new emptyProto.Empty();
      }),
    };
  }

  #connect(engine: string): void {
    this.#log?.close();
    this.#log = new EngineLog(engine);
  }

  async #configure(request: providerProto.ConfigureRequest): Promise<providerProto.ConfigureResponse> {
    const secrets = noSecrets();
    const connection = parseConfiguration(fromStruct(request.getArgs(), secrets));
    if (connection !== undefined) secrets.texts.add(connection.password);
    await this.#harbor?.close();
    this.#configured = secrets;
    this.#harbor = connection && (await this.#client(connection));
    return new providerProto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
  }

  /** Loaded when it is needed: processes that only work on nodes save its time and memory. */
  async #client(connection: HarborConnection): Promise<HarborClient> {
    const { HarborClient } = await import("./harbor/client.ts");
    return new HarborClient(connection, { ...this.#clientOptions, signal: this.#cancel.signal });
  }

  async #invoke(
    request: providerProto.InvokeRequest,
    secrets: Secrets,
  ): Promise<providerProto.InvokeResponse> {
    const found = this.#functions.get(request.getTok());
    if (found === undefined) throw new Error(`The provider harborcache has no function ${request.getTok()}.`);
    const args = fromStruct(request.getArgs(), secrets);
    const result = await found.call(this.#context(secrets), args);
    return new providerProto.InvokeResponse().setReturn(toStruct(result, noSecrets()));
  }

  async #check(module: ResourceModule, request: providerProto.CheckRequest, secrets: Secrets) {
    // The engine sends an empty object for "none yet".
    const olds = fromStruct(request.getOlds(), { paths: new Set(), texts: secrets.texts });
    const news = fromStruct(request.getNews(), secrets);
    const result = await module.check(
      Object.keys(olds).length === 0 ? undefined : olds,
      news,
      request.getUrn(),
    );
    return checkResponse(result, secrets, module.secretOutputs);
  }

  /** A handler for one kind of call on a resource: finds its module and turns its errors into the engine's. */
  #resource<Request extends AboutResource, Response>(
    work: (
      module: ResourceModule,
      request: Request,
      secrets: Secrets,
      ctx: ResourceContext,
    ) => Response | Promise<Response>,
  ): grpc.handleUnaryCall<Request, Response> {
    return (call, done) => {
      const secrets: Secrets = { paths: new Set(), texts: new Set(this.#configured.texts) };
      const type = typeOf(call.request.getUrn());
      const module = this.#modules.get(type);
      const run = async () => {
        if (module === undefined) throw new Error(`The provider harborcache has no resource ${type}.`);
        return work(module, call.request, secrets, this.#context(secrets));
      };
      run().then(
        (response) => {
          done(null, response);
        },
        (error: unknown) => {
          done(toServiceError(error, secrets, module?.secretOutputs ?? []));
        },
      );
    };
  }

  #context(secrets: Secrets): ResourceContext {
    return {
      harbor: () => {
        if (this.#harbor !== undefined) return this.#harbor;
        throw new Error(
          "No Harbor is configured for this resource. Give it a provider with url, username and password: " +
            "{ provider: new harborcache.Provider(…) } in its options.",
        );
      },
      log: async (severity, message, urn, ephemeral = false) =>
        this.#log?.write(severity, redact(message, secrets), urn, ephemeral),
      signal: this.#cancel.signal,
    };
  }
}

/** Serves on a free loopback port; the result is that port. */
export async function listen(server: grpc.Server, provider: ProviderServer): Promise<number> {
  server.addService(providerGrpc.ResourceProviderService, provider.service());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
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
        done(toServiceError(error, noSecrets(), []));
      },
    );
  };
}

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` → `TYPE`. */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function checkResponse(result: CheckResult, secrets: Secrets, secretInputs: readonly string[]) {
  const failures = result.failures.map(({ property, reason }) => {
    const text = redact(reason, secrets);
    const failure = new providerProto.CheckFailure();
    // The engine prints the value of the property that a failure names.
    return secretInputs.includes(property)
      ? failure.setReason(`${property}: ${text}`)
      : failure.setProperty(property).setReason(text);
  });
  return new providerProto.CheckResponse()
    .setInputs(toStruct(result.inputs, secrets, secretInputs))
    .setFailuresList(failures);
}

function diffResponse({ detailed, deleteBeforeReplace = false }: DiffResult): providerProto.DiffResponse {
  const paths = Object.keys(detailed);
  const response = new providerProto.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = providerProto.DiffResponse.DiffChanges;
  response.setChanges(paths.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setDiffsList([...new Set(paths.map(topLevel))]);
  const replacing = paths.filter((path) => detailed[path]?.kind.endsWith("-replace"));
  response.setReplacesList([...new Set(replacing.map(topLevel))]);
  for (const [path, { kind, inputDiff = true }] of Object.entries(detailed)) {
    response
      .getDetaileddiffMap()
      .set(path, new providerProto.PropertyDiff().setKind(KINDS[kind]).setInputdiff(inputDiff));
  }
  return response;
}

function topLevel(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}
