/** The real engine, ssh client, sshd and Docker engine: what a program keeps on a machine's Docker over SSH. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { makeImage, pushImage } from "../../lab/upstream/image.ts";
import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { Stack } from "../../tools/stack.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "../engine/secret-watch.ts";
import { dockerIsThere, startDockerEngine } from "./machine/docker-engine.ts";
import type { DockerEngine } from "./machine/docker-engine.ts";
import { startDockerRegistry } from "./machine/docker-registry.ts";
import { makeKey, startSshd } from "./machine/sshd.ts";
import type { KeyPair, Sshd } from "./machine/sshd.ts";

const IMAGE = makeImage("docker over ssh");
const identity = `test-${randomBytes(6).toString("hex")}`;
const sshFolder = join(userInfo().homedir, ".cache/harbor-cache/ssh", identity);

describe.skipIf(!(await dockerIsThere()))("docker over ssh", () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  const said: string[] = [];
  let folder: string;
  let docker: DockerEngine;
  let machine: Sshd;
  let jump: Sshd;
  let keys: { machine: KeyPair; jump: KeyPair };
  let stack: Stack;
  let registry: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "docker-over-ssh-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    cleanups.push(() => rm(sshFolder, { recursive: true, force: true }));
    docker = await startDockerEngine();
    cleanups.push(() => docker.stop());
    const upstream = await startDockerRegistry(join(folder, "registry"), "127.0.0.1");
    cleanups.push(() => upstream.stop());
    registry = upstream.name;
    await pushImage(`http://${registry}`, "team/hello", "1", IMAGE);
    keys = {
      machine: await makeKey(join(folder, "k1"), "key"),
      jump: await makeKey(join(folder, "k2"), "key"),
    };
    const path = [docker.bin, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(delimiter);
    const sshd = async (name: "machine" | "jump", env: Readonly<Record<string, string>>) => {
      const authorizedKey = keys[name].publicKey;
      const started = await startSshd({ folder: join(folder, name), authorizedKey, env });
      cleanups.push(() => started.stop());
      return started;
    };
    machine = await sshd("machine", { ...docker.env, PATH: path });
    jump = await sshd("jump", {});
    await mkdir(join(folder, "edge"));
    await writeFile(join(folder, "edge/acme.json"), "{}");
    stack = new Stack({
      engine: await ensureEngine(),
      name: "test",
      project: join(PROJECT_ROOT, "test/e2e/docker-program"),
      backend: join(folder, "backend"),
      configFile: join(folder, "Pulumi.test.yaml"),
      passphrase: "of the test",
      // A home that is no home: ssh must find the files all the same.
      env: { HOME: join(folder, "home"), SSH_AUTH_SOCK: join(folder, "no-agent") },
      onOutput: (text) => said.push(text),
    });
    await stack.init();
    await stack.setConfig("docker-program:privateKey", keys.machine.privateKey, { secret: true });
    await stack.setConfig("docker-program:jumpKey", keys.jump.privateKey, { secret: true });
    await configure({});
  });

  afterAll(async () => {
    for (const clean of cleanups.reverse()) await clean();
  });

  const reach = ({ address, port, user, hostKey }: Sshd) => ({ address, port, user, hostKey });
  const configure = (changes: object, network = "edge-network") => {
    const names = {
      network,
      volume: "certs-volume",
      device: join(folder, "edge"),
      image: `${registry}/team/hello:1`,
    };
    const settings = { identity, machine: reach(machine), names, ...changes };
    return stack.setConfig("docker-program:settings", JSON.stringify(settings));
  };
  const networks = async () =>
    (await docker.docker(["network", "ls", "--format", "{{.Name}}"])).trim().split("\n");
  // The body alone: how line breaks are written differs from place to place.
  const secrets = () => Object.values(keys).map(({ privateKey }) => privateKey.split("\n")[2] ?? privateKey);

  test("a preview writes the key's file for ssh, and touches nothing on the machine", async () => {
    const { output } = await stack.mustRun("preview");
    expect(output).toContain("docker:index:RemoteImage");
    expect(await networks()).not.toContain("edge-network");
    expect((await readdir(sshFolder)).sort()).toEqual(["key", "known_hosts"]);
    expect((await stat(sshFolder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(sshFolder, "key"))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(sshFolder, "key"), "utf8")).toBe(keys.machine.privateKey);
  });

  test("up makes a network, a volume on a folder, and pulls an image with its digest; no key is seen", async () => {
    const stopWatching = watchArguments(secrets());
    await stack.mustRun("up");
    const { found, seen } = await stopWatching();
    expect([found, seen > 10]).toEqual([[], true]);

    expect(await stack.outputs()).toEqual({ digest: `${registry}/team/hello@${IMAGE.index.digest}` });
    expect(await networks()).toContain("edge-network");
    const options = await docker.docker([
      "volume",
      "inspect",
      "--format",
      "{{json .Options}}",
      "certs-volume",
    ]);
    expect(JSON.parse(options)).toEqual({ type: "none", o: "bind", device: join(folder, "edge") });
    const digests = await docker.docker([
      "image",
      "inspect",
      "--format",
      "{{.RepoDigests}}",
      `${registry}/team/hello:1`,
    ]);
    expect(digests).toContain(IMAGE.index.digest);

    const state = await stack.state();
    expect(state).toContain(`UserKnownHostsFile=~/.cache/harbor-cache/ssh/${identity}/known_hosts`);
    expect(secretsIn(state + said.join(""), secrets())).toEqual([]);
    expect(await filesWithSecrets(join(folder, "backend"), secrets())).toEqual([]);
  });

  test("a second up and a refresh change nothing", async () => {
    expect(await stack.upAsPreviewed("--refresh", "--expect-no-changes")).toEqual({});
  });

  test("a network that was deleted on the machine is made again after a refresh", async () => {
    await docker.docker(["network", "rm", "edge-network"]);
    await stack.mustRun("up", "--refresh");
    expect(await networks()).toContain("edge-network");
  });

  test("a changed host key and a machine that refuses are errors that say so", async () => {
    const up = async () => {
      const { code, output } = await stack.run("up");
      expect(code).not.toBe(0);
      expect(secretsIn(output, secrets())).toEqual([]);
      return output;
    };
    await configure({ machine: { ...reach(machine), hostKey: jump.hostKey } }, "other-network");
    expect(await up()).toMatch(
      /Host key for harbor-cache-machine has changed[^]*Host key verification failed/,
    );
    await configure({}, "other-network");
    await machine.stop();
    expect(await up()).toContain(`ssh: connect to host 127.0.0.1 port ${machine.port}: Connection refused`);
    await machine.start();
    expect(await networks()).toContain("edge-network");
  });

  test("through a jump host, which has a key of its own", async () => {
    await configure({ jump: reach(jump) }, "other-network");
    await stack.mustRun("up");
    expect(await networks()).toContain("other-network");
    expect(await networks()).not.toContain("edge-network");
    expect(jump.log()).toContain("Accepted publickey");
    expect((await readdir(sshFolder)).sort()).toEqual(["jump_key", "key", "known_hosts"]);
    expect(secretsIn(await stack.state(), secrets())).toEqual([]);
  });

  test("destroy needs the files, which a preview writes again, and keeps the image and the volume's data", async () => {
    await rm(sshFolder, { recursive: true });
    expect((await stack.run("destroy")).output).toContain("Host key verification failed");
    await stack.mustRun("preview");
    await stack.mustRun("destroy");
    expect(await networks()).not.toContain("other-network");
    expect(await docker.docker(["volume", "ls", "--quiet"])).toBe("");
    expect(await readFile(join(folder, "edge/acme.json"), "utf8")).toBe("{}");
    expect(await docker.docker(["image", "ls", "--quiet"])).not.toBe("");
  });
});
