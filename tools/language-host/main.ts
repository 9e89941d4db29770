/**
 * Stand-in for `pulumi-language-nodejs`: lets the real engine run this program where the official host, which comes
 * with the official CLI, could not be had. It speaks the LanguageRuntime protocol for what `up`, `preview`, `refresh`
 * and `destroy` need, policy packs included; everything else is answered "unimplemented" by gRPC itself.
 */
import * as grpc from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";

import type { LanguageRuntime } from "./protocol.ts";

// The engine's address is the one positional argument.
const engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";

const answer =
  <Request, Response>(
    work: (request: Request) => Promise<Response>,
  ): grpc.handleUnaryCall<Request, Response> =>
  (call, done) => {
    work(call.request).then(
      (response) => {
        done(null, response);
      },
      (error: unknown) => {
        done({ code: grpc.status.INTERNAL, details: String(error) });
      },
    );
  };

// Each operation starts two hosts, one of them for a question that this one doesn't answer: each loads what it needs.
const host: LanguageRuntime = {
  handshake: (_call, done) => {
    done(null, new language.LanguageHandshakeResponse());
  },
  getPluginInfo: (_call, done) => {
    const info = new pluginProto.PluginInfo();
    info.setVersion("0.0.0-stand-in");
    done(null, info);
  },
  getRequiredPackages: answer(async (request) => {
    const { requiredPlugins } = await import("./packages.ts");
    const response = new language.GetRequiredPackagesResponse();
    for (const plugin of requiredPlugins(request.getInfo()?.getProgramDirectory() ?? process.cwd())) {
      const dependency = new pluginProto.PackageDependency();
      dependency.setKind("resource");
      dependency.setName(plugin.name);
      dependency.setVersion(plugin.version);
      response.addPackages(dependency);
    }
    return response;
  }),
  run: answer(async (request) => (await import("./program.ts")).runProgram(request, engineAddress)),
  runPlugin: (call) => {
    if (call.request.getKind() === "analyzer")
      void import("./plugin.ts").then(({ runPolicyPack }) => {
        runPolicyPack(call);
      });
    else call.emit("error", { code: grpc.status.UNIMPLEMENTED, details: "only policy packs are run here" });
  },
  cancel: (_call, done) => {
    done(null, new emptyProto.Empty());
  },
};

// The engine holds our stdin open while it lives: no host stays behind when it is killed.
process.stdin.resume().once("end", () => process.exit(0));

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(languageGrpc.LanguageRuntimeService, { ...host });
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  // The engine reads the port from the first line.
  process.stdout.write(`${port}\n`);
});
