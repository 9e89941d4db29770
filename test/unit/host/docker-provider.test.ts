import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type * as os from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { dockerProvider } from "../../../components/host/docker-provider.ts";
import { dockerSsh, writeSshFiles } from "../../../components/host/docker-ssh-files.ts";
import type { HostAccess } from "../../../components/host/host.ts";
import { recordResources, settled, type Registered } from "../mocks.ts";

const home = vi.hoisted(() => ({ path: "" }));
vi.mock("node:os", async (original) => {
  const real = await original<typeof os>();
  return { ...real, userInfo: () => ({ ...real.userInfo(), homedir: home.path }) };
});

const FOLDER = ".cache/harbor-cache/ssh/0123abcd";
const HARBOR = { address: "harbor.internal", port: 2222, user: "ops", hostKey: "ssh-ed25519 AAAA comment" };
const JUMP = { address: "2001:db8::1", port: 22, user: "it's", hostKey: "ssh-ed25519 CCCC" };
/** As `pulumi config set` keeps it: without its last line break. */
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nAAAA\r\n-----END OPENSSH PRIVATE KEY-----";
const KEY_FILE = `${KEY.replaceAll("\r", "")}\n`;

let registered: Registered[];
beforeAll(async () => {
  registered = await recordResources();
});
beforeEach(() => {
  registered.length = 0;
  home.path = mkdtempSync(join(tmpdir(), "docker-provider-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home.path, { recursive: true });
});

const written = () => Object.fromEntries(names().map((name) => [name, readFileSync(path(name), "utf8")]));
const names = () => readdirSync(path("")).sort();
const path = (name: string) => join(home.path, FOLDER, name);
const mode = (name: string) => (statSync(path(name)).mode & 0o777).toString(8);

function make(changes: Partial<HostAccess> = {}, identity = pulumi.output("0123abcd")) {
  const { address, hostKey, ...rest } = HARBOR;
  const access = { ...rest, address: pulumi.output(address), hostKey: pulumi.output(hostKey), ...changes };
  return dockerProvider("docker", { access, identity }, {});
}

/** The option's value, of ssh's `-o NAME=VALUE`. */
const option = (args: readonly string[], name: string) =>
  args.find((arg, index) => args[index - 1] === "-o" && arg.startsWith(`${name}=`))?.slice(name.length + 1);

describe("dockerProvider", () => {
  it("is registered with paths in place of keys, none of them secret, once the files are there", async () => {
    const provider = make({ privateKey: pulumi.secret(KEY) });
    await settled(provider.urn);
    expect(written()).toEqual({ key: KEY_FILE, known_hosts: "harbor-cache-machine ssh-ed25519 AAAA\n" });
    expect(registered).toEqual([
      {
        type: "pulumi:providers:docker",
        name: "docker",
        inputs: {
          host: "ssh://ops@harbor.internal:2222",
          sshOpts: JSON.stringify(dockerSsh("0123abcd", { ...HARBOR, privateKey: KEY }).sshOpts),
          disableDockerDaemonCheck: "true",
        },
        provider: "",
      },
    ]);
    expect(JSON.stringify(registered)).not.toContain("BEGIN");
  });

  it("asks the agent where there is no key, and goes through a jump host", async () => {
    await settled(make({ jump: { ...JUMP, privateKey: pulumi.secret(KEY) } }).urn);
    expect(written()).toEqual({
      jump_key: KEY_FILE,
      known_hosts: "harbor-cache-machine ssh-ed25519 AAAA\nharbor-cache-jump ssh-ed25519 CCCC\n",
    });
  });

  it("writes nothing while the address isn't known", async () => {
    const unknown = new Promise<string>(() => undefined);
    make({ address: pulumi.output(unknown), privateKey: pulumi.secret(KEY) });
    await new Promise(setImmediate);
    expect(readdirSync(home.path)).toEqual([]);
    expect(registered).toEqual([]);
  });

  it.each(["DOCKER_CONTEXT", "DOCKER_CERT_PATH"])("refuses %s, which leads to another engine", (variable) => {
    vi.stubEnv(variable, "other");
    expect(() => make()).toThrow(
      `${variable} is set, and @pulumi/docker would use the Docker engine that it names instead of the machine's. ` +
        `Run: unset ${variable}`,
    );
    vi.stubEnv(variable, "");
    expect(() => make()).not.toThrow();
  });
});

describe("dockerSsh", () => {
  it("pins the host key, asks nothing, bounds the waits and leaves out the user's own configuration", () => {
    const { sshOpts } = dockerSsh("0123abcd", { ...HARBOR, privateKey: KEY });
    expect(sshOpts).toEqual([
      ...["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
      ...["-o", `UserKnownHostsFile=~/${FOLDER}/known_hosts`, "-o", "GlobalKnownHostsFile=/dev/null"],
      ...["-o", "HostKeyAlias=harbor-cache-machine", "-o", "CheckHostIP=no", "-o", "IdentitiesOnly=yes"],
      ...["-o", "IdentityAgent=none", "-o", `IdentityFile=~/${FOLDER}/key`, "-o", "ConnectTimeout=15"],
      ...["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "-o", "LogLevel=ERROR"],
    ]);
  });

  it("names no key where the agent has it", () => {
    const { sshOpts, files } = dockerSsh("0123abcd", HARBOR);
    expect(sshOpts.join(" ")).not.toMatch(/Identit/);
    expect(files.key).toBeUndefined();
  });

  it("goes through the jump host by a command whose words a shell takes as they are", () => {
    const { sshOpts } = dockerSsh("0123abcd", { ...HARBOR, privateKey: KEY }, { ...JUMP, privateKey: KEY });
    const command = option(sshOpts, "ProxyCommand") ?? "";
    expect(command).toMatch(/^'ssh' '-F' 'none' /);
    expect(command).toContain(`'IdentityFile=~/${FOLDER}/jump_key'`);
    expect(command).toContain("'HostKeyAlias=harbor-cache-jump'");
    expect(command).toMatch(/ '-l' 'it'\\''s' '-p' '22' '-W' '\[%h\]:%p' '--' '2001:db8::1'$/);
    expect(option(sshOpts, "HostKeyAlias")).toBe("harbor-cache-machine");
  });

  it.each([
    [{ address: "2001:db8::1" }, "ssh://ops@[2001:db8::1]:2222"],
    [{ user: String.raw`CORP\ops` }, "ssh://CORP%5Cops@harbor.internal:2222"],
    [{ user: "ops@corp" }, "ssh://ops%40corp@harbor.internal:2222"],
  ])("%j is reached at %s", (changes, host) => {
    expect(dockerSsh("0123abcd", { ...HARBOR, ...changes }).host).toBe(host);
  });
});

describe("writeSshFiles", () => {
  const ssh = dockerSsh("0123abcd", { ...HARBOR, privateKey: KEY });

  it("keeps what is right, and replaces what differs, is open to others or is no longer wanted", () => {
    writeSshFiles(ssh);
    expect([mode(""), mode("key"), mode("known_hosts")]).toEqual(["700", "600", "600"]);
    const made = statSync(path("key")).ino;
    writeSshFiles(ssh);
    expect(statSync(path("key")).ino).toBe(made);

    chmodSync(path("key"), 0o644);
    chmodSync(path(""), 0o755);
    writeFileSync(path("known_hosts"), "other");
    writeSshFiles(ssh);
    expect([mode(""), mode("key"), mode("known_hosts")]).toEqual(["700", "600", "600"]);
    expect(written()).toEqual({ key: KEY_FILE, known_hosts: ssh.files.known_hosts });

    writeSshFiles(dockerSsh("0123abcd", HARBOR));
    expect(names()).toEqual(["known_hosts"]);
  });

  it("leaves nothing behind of a run that was killed between", () => {
    mkdirSync(path(""), { recursive: true });
    writeFileSync(path(`key.${process.pid}`), "half", { mode: 0o644 });
    writeSshFiles(ssh);
    expect(names()).toEqual(["key", "known_hosts"]);
    expect(mode("key")).toBe("600");
  });

  it("is an error without the key where the folder can't be made", () => {
    writeFileSync(join(home.path, ".cache"), "");
    expect(() => {
      writeSshFiles(ssh);
    }).toThrow(/EEXIST|ENOTDIR/);
  });
});
