/**
 * A connection to a Docker engine through the local program `ssh`, as @pulumi/docker makes it (docker/cli,
 * cli/connhelper and cli/connhelper/commandconn): what is written goes to `docker system dial-stdio` on the machine.
 */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex } from "node:stream";

/** Bytes of ssh's own words that an error shows. */
const LONGEST_STDERR = 4096;

/** What `ssh` is started with for `ssh://[USER@]HOST[:PORT][/SOCKET]`. */
export function sshArguments(host: string, sshOpts: readonly string[]): string[] {
  const { username, password, hostname, port, pathname, search, hash } = new URL(host);
  if (hostname === "") throw new Error(`ssh host connection is not valid: no host specified: ${host}`);
  if (password !== "")
    throw new Error("ssh host connection is not valid: plain-text password is not supported");
  if (search !== "" || hash !== "") throw new Error(`ssh host connection is not valid: ${host}`);
  const socket = pathname.replaceAll("/", "") === "" ? [] : [`--host=unix://${pathname}`];
  return [
    ...sshOpts,
    ...(sshOpts.join("").includes("ConnectTimeout") ? [] : ["-o ConnectTimeout=30"]),
    ...(sshOpts.includes("-T") ? [] : ["-T"]),
    ...(username === "" ? [] : ["-l", decodeURIComponent(username)]),
    ...(port === "" ? [] : ["-p", port]),
    ...["--", hostname.replace(/^\[(.*)\]$/, "$1")],
    ...["docker", ...socket, "system", "dial-stdio"],
  ];
}

export class SshSocket extends Duplex {
  readonly #args: readonly string[];
  readonly #ssh: ChildProcessWithoutNullStreams;
  #said = "";

  constructor(args: readonly string[]) {
    super();
    this.#args = args;
    this.#ssh = spawn("ssh", args, { stdio: "pipe" });
    const { stdin, stdout, stderr } = this.#ssh;
    // What ssh says last tells more than a broken pipe.
    stdin.on("error", () => undefined);
    stdout.on("data", (piece: Buffer) => {
      if (!this.push(piece)) stdout.pause();
    });
    stderr.setEncoding("utf8").on("data", (piece: string) => {
      this.#said = (this.#said + piece).slice(-LONGEST_STDERR);
    });
    this.#ssh.once("error", (error) => this.destroy(new Error(`ssh could not be started: ${error.message}`)));
    this.#ssh.once("close", (code, signal) => {
      if (code === 0) this.push(null);
      else this.destroy(this.#failure(signal ?? `status ${code ?? "?"}`));
    });
  }

  override _read(): void {
    this.#ssh.stdout.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#ssh.stdin.write(piece, () => {
      done();
    });
  }

  override _final(done: () => void): void {
    this.#ssh.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ssh.kill();
    done(error);
  }

  #failure(how: string): Error {
    return new Error(
      `command [ssh ${this.#args.join(" ")}] has exited with exit ${how}, make sure the URL is valid, and Docker ` +
        `18.09 or later is installed on the remote host: stderr=${this.#said.trim()}`,
    );
  }
}
