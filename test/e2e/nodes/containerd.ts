/** Debian's containerd on loopback with folders of its own, asked over CRI as the kubelet does it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import protobuf from "google-protobuf";
import { mustRun } from "../../../tools/run.ts";
import { startServer } from "../machine/processes.ts";

export interface Containerd {
  /** Rejects with containerd's words. */
  pull(image: string): Promise<void>;
  remove(image: string): Promise<void>;
  stop(): Promise<void>;
}

/** containerd's own default configuration, with everything below `folder`. */
export async function containerdConfig(folder: string): Promise<string> {
  const stdout = await mustRun("containerd", ["config", "default"]);
  return (
    stdout
      .replace(/^root = .*$/m, `root = "${folder}/root"`)
      .replace(/^state = .*$/m, `state = "${folder}/state"`)
      .replace(/^( *address = )['"]\/run\/containerd\/containerd\.sock['"]$/m, `$1"${folder}/sock"`)
      // Works on every file system.
      .replaceAll(/snapshotter = ['"]overlayfs['"]/g, 'snapshotter = "native"')
  );
}

/** Needs root. `config` is a file that `containerdConfig(folder)` was written to. */
export async function startContainerd(folder: string, config: string): Promise<Containerd> {
  await mkdir(folder, { recursive: true });
  const server = await startServer("containerd", ["--config", config], {
    ready: (said) => said.includes("containerd successfully booted"),
  });
  const client = new grpc.Client(`unix://${join(folder, "sock")}`, grpc.credentials.createInsecure());
  // ImageService of the CRI: PullImageRequest and RemoveImageRequest begin with an ImageSpec, that with the image.
  const call = (method: string, image: string): Promise<void> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/runtime.v1.ImageService/${method}`,
        (request: Uint8Array) => Buffer.from(request),
        (answer: Buffer) => answer,
        message(message(image)),
        { deadline: Date.now() + 60_000 },
        (error) => {
          if (error) reject(new Error(error.details, { cause: error }));
          else resolve();
        },
      );
    });
  return {
    pull: (image) => call("PullImage", image),
    remove: (image) => call("RemoveImage", image),
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
}

/** With a string or a message as its first field. */
function message(first: string | Uint8Array): Uint8Array {
  const writer = new protobuf.BinaryWriter();
  if (typeof first === "string") writer.writeString(1, first);
  else writer.writeBytes(1, first);
  return writer.getResultBuffer();
}
