/** The process of the stand-in for the plugin @pulumi/command: prints the port that it serves on. */
import * as grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";

import { commandProvider } from "./server.ts";

const { service, close } = commandProvider();
const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(providerGrpc.ResourceProviderService, service);

// The engine holds our stdin open while it lives: nothing stays behind when it is killed.
process.stdin.resume().once("end", () => {
  close();
  process.exit(0);
});

server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
