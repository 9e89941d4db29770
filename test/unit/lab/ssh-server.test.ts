import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";

import ssh2 from "ssh2";
import type { Client, ClientChannel } from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";

import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import { startMachine } from "../../../lab/machine/ssh-server.ts";
import type { Machine } from "../../../lab/machine/ssh-server.ts";

const key = generateKeyPair();
const hostKey = generateKeyPair();
let directory: string;
let machine: Machine;
let client: Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "ssh-server-"));
  machine = await startMachine({
    directory,
    hostKey: hostKey.privateKey,
    authorizedKey: key.publicKey,
    programs: "/stand-ins",
  });
  client = await logIn(userInfo().username, key.privateKey);
});
afterAll(async () => {
  client.end();
  await machine.close();
  await rm(directory, { recursive: true });
});

function logIn(username: string, privateKey: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const connecting = new ssh2.Client();
    connecting.once("ready", () => {
      resolve(connecting);
    });
    connecting.once("error", reject);
    connecting.connect({ host: "127.0.0.1", port: machine.port, username, privateKey });
  });
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function exec(
  command: string,
  work: (channel: ClientChannel) => void = (channel) => channel.end(),
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let [stdout, stderr] = ["", ""];
      channel.on("data", (piece: Buffer) => (stdout += piece.toString()));
      channel.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
      channel.on("close", (code: number | null, signal?: string) => {
        resolve({ code, signal, stdout, stderr });
      });
      work(channel);
    });
  });
}

test("a command runs in the machine's home, with the stand-ins first on PATH and nothing else of ours", async () => {
  const { stdout } = await exec(
    "pwd; echo $HOME; echo $PATH; echo $LAB_MACHINE; env | cut -d= -f1 | sort | xargs",
  );
  const [cwd, home, path, own, names] = stdout.split("\n");
  expect([cwd, home, own]).toEqual([join(directory, "home"), join(directory, "home"), directory]);
  expect(path?.split(delimiter)[0]).toBe("/stand-ins");
  expect(names?.split(" ").filter((name) => !["_", "PWD", "OLDPWD", "SHLVL"].includes(name))).toEqual([
    ...["HOME", "LAB_MACHINE", "LOGNAME", "PATH", "SHELL", "USER"],
  ]);
});

test("stdin ends where the client ends it; status, signal and both streams come back", async () => {
  expect(await exec("cat; echo words >&2; exit 7", (channel) => channel.end("input"))).toEqual({
    code: 7,
    signal: undefined,
    stdout: "input",
    stderr: "words\n",
  });
  expect(await exec("kill -TERM $$")).toMatchObject({ code: null, signal: "SIGTERM" });
});

test("a large input and output pass whole", async () => {
  const { stdout, code } = await exec("cat", (channel) => channel.end("x".repeat(5_000_000)));
  expect([stdout.length, code]).toEqual([5_000_000, 0]);
});

test("another key, another user and a terminal are refused", async () => {
  const { username } = userInfo();
  await expect(logIn(username, generateKeyPair().privateKey)).rejects.toThrow("authentication");
  await expect(logIn("somebody-else", key.privateKey)).rejects.toThrow("authentication");
  await expect(
    new Promise((resolve, reject) => {
      client.shell((error) => {
        if (error) reject(error);
        else resolve(undefined);
      });
    }),
  ).rejects.toThrow();
});

test("a closed machine ends what runs on it", async () => {
  const other = await startMachine({
    directory,
    hostKey: hostKey.privateKey,
    authorizedKey: key.publicKey,
    programs: "/stand-ins",
  });
  const before = machine;
  machine = other;
  const connected = await logIn(userInfo().username, key.privateKey);
  machine = before;
  const pid = await new Promise<number>((resolve, reject) => {
    // `timeout` moves to a process group of its own.
    connected.exec("timeout 60 sh -c 'echo $$; sleep 60'", (error, channel) => {
      if (error) reject(error);
      else
        channel.once("data", (piece: Buffer) => {
          resolve(Number(piece.toString()));
        });
    });
  });
  expect(isGone(pid)).toBe(false);
  await other.close();
  connected.end();
  await expect.poll(() => isGone(pid)).toBe(true);
});

/** One that has ended counts as gone, whether its new parent has noticed or not. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}
