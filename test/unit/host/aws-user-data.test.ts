import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { userData } from "../../../components/host/aws-user-data.ts";
import { credentials, InstanceStandIn } from "./instance-stand-in.ts";

const parameter = "host-host-key-1a2b3c4";
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICu1o40Xf55Q1hZi6BG/oNVpoN0TyE3yrD6LGswi/2aq";

function codeOf(program: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    program.on("error", reject).on("close", resolve);
  });
}

describe("user data", () => {
  it("fits into EC2's 16 KiB, for a parameter's longest name too", () => {
    expect(Buffer.byteLength(userData("/" + "p".repeat(1010), "ubuntu"))).toBeLessThan(8 * 1024);
  });

  it("asks the instance's own services, and tries for ten minutes", () => {
    expect(userData(parameter, "ubuntu").split("\n").slice(0, 9)).toEqual([
      "#!/usr/bin/python3",
      `PARAMETER = "${parameter}"`,
      'USER = "ubuntu"',
      'METADATA = "http://169.254.169.254"',
      'ENDPOINT = "https://ssm.{region}.{domain}"',
      'HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"',
      'PER_BOOT = "/var/lib/cloud/scripts/per-boot/harbor-cache-host-key"',
      "SECONDS = 600",
      "PAUSE = 5",
    ]);
  });

  it("holds nothing that looks like a secret", () => {
    expect(userData(parameter, "ubuntu")).not.toMatch(
      /PRIVATE KEY|A[KS]IA[A-Z0-9]{12}|password|[A-Za-z0-9/+]{40}/i,
    );
  });

  it("is Python that Amazon Linux 2023 reads, which has 3.9", async () => {
    const check = "import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 9))";
    const python = spawn("python3", ["-c", check], { stdio: ["pipe", "ignore", "pipe"] });
    python.stdin.end(userData(parameter, "ubuntu"));
    const [code, stderr] = await Promise.all([codeOf(python), text(python.stderr)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("the script on an instance", () => {
  let aws: InstanceStandIn;
  let folder: string;
  let keyFile: string;
  let perBoot: string;
  beforeEach(async () => {
    aws = await InstanceStandIn.start();
    folder = mkdtempSync(join(tmpdir(), "harbor-user-data-"));
    keyFile = join(folder, "ssh_host_ed25519_key.pub");
    perBoot = join(folder, "per-boot", "harbor-cache-host-key");
    writeFileSync(keyFile, `${hostKey} root@ip-10-0-0-1\n`);
  });
  afterEach(async () => {
    await aws.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As cloud-init has it: an executable file of root's. */
  function install({ seconds = 8, pause = 0.05, metadata = aws.metadata } = {}): string {
    const settings: Record<string, string | number> = {
      METADATA: metadata,
      ENDPOINT: `http://{domain}:${aws.apiPort}`,
      HOST_KEY: keyFile,
      PER_BOOT: perBoot,
      SECONDS: seconds,
      PAUSE: pause,
    };
    const script = Object.entries(settings).reduce(
      (program, [name, value]) =>
        program.replace(new RegExp(`^${name} = .*$`, "m"), `${name} = ${JSON.stringify(value)}`),
      userData(parameter, "ubuntu").replace("#!/usr/bin/python3", "#!/usr/bin/env python3"),
    );
    const file = join(folder, "part-001");
    writeFileSync(file, script, { mode: 0o700 });
    return file;
  }

  /** `seen` is called with all that was said so far. */
  async function run(file: string, seen: (said: string) => void = () => undefined) {
    // cloud-init gives no HOME, and a proxy must not come between the script and its machine.
    const env = { PATH: process.env["PATH"], http_proxy: "http://127.0.0.1:9", no_proxy: "" };
    const script = spawn(file, [], { env, stdio: ["ignore", "pipe", "pipe"], timeout: 10_000 });
    let stdout = "";
    script.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      seen(stdout);
    });
    const [code, stderr] = await Promise.all([codeOf(script), text(script.stderr)]);
    for (const secret of Object.values(credentials)) expect(stdout + stderr).not.toContain(secret);
    return { code, stdout, stderr };
  }

  const published = () => ({
    code: 0,
    stdout: `harbor-cache: published to ${parameter}: ${aws.instanceId} ${hostKey} ubuntu\n`,
    stderr: "",
  });
  const put = () => ({
    Name: parameter,
    Value: `${aws.instanceId} ${hostKey} ubuntu`,
    Type: "String",
    Overwrite: true,
  });

  it("publishes the key without its comment, by one signed request", async () => {
    expect(await run(install())).toEqual(published());
    expect(aws.put).toEqual([put()]);
    expect(aws.refused).toEqual([]);
  });

  it("runs at every boot from then on, and publishes what the key is then", async () => {
    await run(install());
    expect(statSync(perBoot).mode & 0o777).toBe(0o700);
    const copy = readFileSync(perBoot, "utf8");
    const newKey = hostKey.replace("Cu1o40", "Cu1o41");
    writeFileSync(keyFile, newKey);
    expect((await run(perBoot)).code).toBe(0);
    expect(aws.put).toEqual([put(), { ...put(), Value: `${aws.instanceId} ${newKey} ubuntu` }]);
    expect(readFileSync(perBoot, "utf8")).toBe(copy);
  });

  it("does no harm when it is run twice", async () => {
    const file = install();
    await run(file);
    expect(await run(file)).toEqual(published());
    expect(aws.put).toEqual([put(), put()]);
  });

  it("waits for metadata, for the role's credentials and for the API", async () => {
    aws.metadataTrouble.push({ status: 503, body: "" }, { status: 404, body: "" });
    aws.apiTrouble.push(
      { status: 500, body: '{"__type":"InternalServerError"}' },
      { status: 400, body: '{"__type":"AccessDeniedException","message":"not authorized"}' },
    );
    const { code, stdout } = await run(install());
    expect(code).toBe(0);
    expect(stdout.match(/not published yet/g)).toHaveLength(4);
    expect(stdout).toContain("AccessDeniedException");
    expect(aws.put).toEqual([put()]);
  });

  it("waits for the host key", async () => {
    rmSync(keyFile);
    const { code, stdout } = await run(install(), (said) => {
      if (said.includes("not published yet")) writeFileSync(keyFile, `${hostKey}\n`);
    });
    expect(stdout).toContain("not published yet: FileNotFoundError");
    expect(code).toBe(0);
    expect(aws.put).toEqual([put()]);
  });

  it("takes no key of another kind", async () => {
    writeFileSync(keyFile, "ecdsa-sha2-nistp256 AAAA\n");
    const { code, stdout } = await run(install({ seconds: 0 }));
    expect(code).toBe(1);
    expect(stdout).toContain("holds no ed25519 key");
    expect(aws.put).toEqual([]);
  });

  it("gives up in time and says so, on the console too", async () => {
    const { code, stdout } = await run(install({ seconds: 0.2, metadata: "http://127.0.0.1:1" }));
    expect(code).toBe(1);
    expect(stdout).toContain("URLError");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(
      `harbor-cache: the host key was not published to ${parameter} within 0.2 seconds`,
    );
  });

  it("is refused by metadata of version 2 where it forgets the token, so the stand-in would tell", async () => {
    const response = await fetch(`${aws.metadata}/latest/meta-data/instance-id`);
    expect(response.status).toBe(401);
    const unsigned = await fetch(aws.api, { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(400);
    expect(aws.put).toEqual([]);
  });
});
