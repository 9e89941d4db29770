/** The calls of Pulumi's LanguageRuntime service that the stand-in answers. */
import type { handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import type language from "@pulumi/pulumi/proto/language_pb.js";
import type pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import type emptyProto from "google-protobuf/google/protobuf/empty_pb.js";

export interface LanguageRuntime {
  handshake: handleUnaryCall<language.LanguageHandshakeRequest, language.LanguageHandshakeResponse>;
  getPluginInfo: handleUnaryCall<emptyProto.Empty, pluginProto.PluginInfo>;
  getRequiredPackages: handleUnaryCall<
    language.GetRequiredPackagesRequest,
    language.GetRequiredPackagesResponse
  >;
  run: handleUnaryCall<language.RunRequest, language.RunResponse>;
  runPlugin: handleServerStreamingCall<language.RunPluginRequest, language.RunPluginResponse>;
  cancel: handleUnaryCall<emptyProto.Empty, emptyProto.Empty>;
}
