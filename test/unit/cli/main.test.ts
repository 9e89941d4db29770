/** The commands as processes, over real SSH to a machine whose programs are stand-ins. */
import { spawnSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { confirm } from "../../../cli/confirm.ts";
import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import { adminPassword, keyLine, OperatedMachine } from "./operated-machine.ts";

let machine: OperatedMachine;
const said: string[] = [];

beforeEach(async () => {
  machine = await new OperatedMachine().start();
});
afterEach(async () => {
  await machine.stop();
});

async function command(...args: string[]) {
  const ended = await machine.command(...args);
  said.push(ended.stdout, ended.stderr);
  return ended;
}

const calls = () => {
  const all = machine.sandbox.calls();
  said.push(...all);
  return all;
};
const composeCalls = () => calls().filter((call) => call.startsWith("docker compose"));

const up = "docker compose up --detach --no-recreate --quiet-pull";
const stopped = "docker compose stop --timeout 60";

afterAll(() => {
  // Everything that any of these tests printed or gave as an argument.
  expect(said.length).toBeGreaterThan(20);
  expect(said.join("\n")).not.toContain(adminPassword);
  expect(said.join("\n")).not.toContain(keyLine);
});

describe("start and restart", () => {
  test("start works as the steps do, and says that Harbor is healthy", async () => {
    expect(await command("start", "--stack", "berlin")).toEqual({
      code: 0,
      stdout: "Harbor runs and is healthy\n",
      stderr: "",
    });
    const all = calls();
    expect(all.slice(0, 2)).toEqual(["sudo -n timeout -k 10 180 sh -s up", "timeout -k 10 180 sh -s up"]);
    expect(all).toContain(up);
  });

  test("without sudo where the stack says so", async () => {
    machine.outputs({ sudo: false });
    expect(await command("start", "--stack", "berlin")).toMatchObject({ code: 0 });
    expect(calls()[0]).toBe("timeout -k 10 180 sh -s up");
  });

  test("a refusal of the machine is the command's, word for word", async () => {
    machine.sandbox.remove("data/edge");
    const { code, stdout, stderr } = await command("start", "--stack", "berlin");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^Harbor is not started, and nothing was changed:\n\S+\/data\/edge\/server\.crt is missing/,
    );
    expect(composeCalls()).toEqual([]);
  });

  test("restart asks first, as it breaks pulls", async () => {
    expect(await command("restart", "--stack", "berlin")).toMatchObject({ code: 1, stdout: "" });
    expect(calls()).toEqual([]);
    expect(await command("restart", "--stack", "berlin", "--yes")).toMatchObject({ code: 0, stderr: "" });
    expect(composeCalls()).toEqual(["docker compose config --quiet", stopped, up]);
  });
});

describe("stop", () => {
  test("does nothing where nobody can be asked, and says how to do it anyway", async () => {
    const { code, stderr } = await command("stop", "--stack", "berlin");
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Stopping Harbor of the stack berlin (https://registry.example.com): pulls that run through it break, and until it " +
        "runs again nodes pull from the upstream registries. Data and certificates stay.\n" +
        "nothing was done: nobody can be asked here. To do it anyway: FORCE=1 (or --yes)\n",
    );
    expect(calls()).toEqual([]);
  });

  test("stops where it is told not to ask", async () => {
    const { code, stdout } = await command("stop", "--stack", "berlin", "--yes");
    expect([code, stdout]).toEqual([
      0,
      `Harbor is stopped. Its data and certificates stay in ${machine.sandbox.path("data")}\n`,
    ]);
    expect(composeCalls()).toEqual([stopped]);
  });

  test("is not left halfway by one Ctrl-C", async () => {
    machine.sandbox.write("state/interrupt", "");
    expect(await command("stop", "--stack", "berlin", "--yes")).toEqual({
      code: 0,
      stdout: `Harbor is stopped. Its data and certificates stay in ${machine.sandbox.path("data")}\n`,
      stderr:
        "interrupted: what has begun on the machine is waited for; once more, and it goes on there by itself\n",
    });
  });

  test.each([
    ["berlin\n", undefined],
    ["yes\n", "nothing was done: that is not the stack's name"],
    ["", "nothing was done: that is not the stack's name"],
  ])("in a terminal, %j answers with %s", async (typed, problem) => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough();
    const asked = confirm("berlin", "Stopping", input, output);
    input.end(typed);
    if (problem === undefined) await asked;
    else await expect(asked).rejects.toThrow(problem);
    expect(String(output.read())).toBe("Stopping\nType the stack's name to go on: ");
  });
});

describe("status", () => {
  test("is 0 only where all is well", async () => {
    const { code, stdout, stderr } = await command("status", "--stack", "berlin");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      new RegExp(`^Harbor of the stack berlin at https://registry\\.example\\.com is healthy
  version      2\\.15\\.2
  certificate  ends 2999-11-21T07:00:00\\.000Z, in \\d+ days; CN = Example CA
  disk         ${machine.sandbox.path("data")}: 1\\.0 of 4\\.0 GiB used, 3\\.0 GiB free
  core         running, healthy
  proxy        running, healthy
  traefik      running, healthy
$`),
    );
    expect(composeCalls()).toEqual([
      "docker compose config --services",
      "docker compose ps --all --format json",
    ]);
  });

  test("names every problem, and is 1", async () => {
    machine.containers({ proxy: { State: "exited" }, traefik: { Health: "unhealthy" } });
    machine.certificateEnds("Nov 21 07:00:00 2020 GMT");
    machine.sandbox.write(
      "state/health",
      '{"status":"unhealthy","components":[{"name":"redis","status":"unhealthy","error":"no answer"}]}',
    );
    machine.outputs({ dataDevice: "/dev/sdx" });
    const { code, stdout } = await command("status", "--stack", "berlin", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      stack: "berlin",
      healthy: false,
      version: "2.15.2",
      components: { redis: "no answer" },
      dataVolume: "/dev/sdx",
      certificate: { endsAt: "2020-11-21T07:00:00.000Z", issuer: "CN = Example CA" },
      problems: [
        expect.stringContaining("the data volume /dev/sdx is not mounted"),
        "the container of proxy is exited",
        "the container of traefik is unhealthy",
        "Harbor's component redis is not healthy: no answer",
        "the certificate has ended on 2020-11-21T07:00:00.000Z: see docs/runbooks/certificates.md",
      ],
    });
    const text = await command("status", "--stack", "berlin");
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/ is NOT healthy\n {2}- the data volume/);
  });

  test("a stopped Harbor is one problem with its way out, not one for each container", async () => {
    const exited = { State: "exited", Health: "" };
    machine.containers({ core: exited, proxy: exited, traefik: exited });
    machine.sandbox.remove("state/health");
    const { code, stdout } = await command("status", "--stack", "berlin", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [
        "https://registry.example.com:443 does not answer: curl: (7) Failed to connect",
        "Harbor is stopped: make start",
      ],
    });
  });

  test("a container that is missing shows", async () => {
    machine.sandbox.write("state/containers", '{"Service":"core","State":"running","Image":"x"}\n');
    const { stdout } = await command("status", "--stack", "berlin", "--json");
    expect(JSON.parse(stdout)).not.toHaveProperty("version");
    expect(JSON.parse(stdout)).toMatchObject({
      problems: ["the container of proxy is missing", "the container of traefik is missing"],
    });
  });
});

describe("the way to the machine", () => {
  test("leads through the jump host with its own key", async () => {
    machine.outputs({ jump: machine.way() }, { jumpPrivateKey: machine.privateKey });
    expect(await command("status", "--stack", "berlin")).toMatchObject({ code: 0 });
    machine.outputs({ jump: machine.way() });
    const { code, stderr } = await command("status", "--stack", "berlin");
    expect(code).toBe(1);
    expect(stderr).toContain("no private key is set and no SSH agent runs");
  });

  test("ends at another host key, with nothing sent", async () => {
    machine.outputs({ hostKey: generateKeyPair().publicKey });
    const { code, stderr } = await command("stop", "--stack", "berlin", "--yes");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^the machine can't be reached\. .*presents the host key .*nothing was sent/);
    expect(calls()).toEqual([]);
  });

  test("for programs, being out of reach is an answer too", async () => {
    machine.outputs({ hostKey: generateKeyPair().publicKey });
    const { code, stdout } = await command("status", "--stack", "berlin", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      stack: "berlin",
      healthy: false,
      problems: [expect.stringContaining("the machine can't be reached")],
    });
  });
});

describe("the stack's outputs", () => {
  test("Pulumi's own words are shown where it fails", async () => {
    const { code, stderr } = await command("status", "--stack", "paris");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pulumi can't read the outputs of the stack paris:\nerror: no stack named/);
  });

  test("a stack without a machine needs an up", async () => {
    machine.outputs({}, { machine: undefined });
    expect(await command("start", "--stack", "berlin")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "the stack berlin has no machine yet, or was made by an older version: run pulumi up --stack berlin\n",
    });
  });

  test("what can't be used is named, and nothing of it shown", async () => {
    machine.outputs({ timeouts: {} }, { machinePrivateKey: 5 });
    const { code, stderr } = await command("start", "--stack", "berlin");
    expect(code).toBe(1);
    expect(stderr).toMatch(/machine\.timeouts\.step: .*machinePrivateKey: /);
    machine.sandbox.write("state/outputs", `garbage ${adminPassword}`);
    expect((await command("start", "--stack", "berlin")).stderr).toBe(
      "pulumi stack output printed something else than JSON\n",
    );
  });
});

test.each([
  [[], "Usage: harbor-cache [options] [command]"],
  [["start"], "error: required option '-s, --stack <name>' not specified"],
  [["start", "--stack", ""], "which stack?"],
  [["start", "prod", "--stack", "berlin"], "error: too many arguments for 'start'"],
  [["statsu", "--stack", "berlin"], "(Did you mean status?)"],
  [["down", "--stack", "berlin"], "error: unknown command 'down'"],
  [["stop", "--stack", "berlin", "--json"], "error: unknown option '--json'"],
  [["stop", "--stack", "berlin", "--yess"], "(Did you mean --yes?)"],
])("wrong arguments are 2, and say what is wrong: %j", async (args, message) => {
  const { code, stdout, stderr } = await command(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(calls()).toEqual([]);
});

describe("make", () => {
  const planned = (...args: string[]) =>
    spawnSync("make", ["--dry-run", "--no-print-directory", ...args], {
      cwd: fileURLToPath(new URL("../../..", import.meta.url)),
      encoding: "utf8",
    })
      .stdout.trim()
      .split("\n")
      .at(-1)
      ?.replace(/^.* cli\/main\.ts/, "main");

  test.each([
    [["start"], 'main start --stack "$STACK" '],
    [["stop"], 'main stop --stack "$STACK" '],
    [["stop", "FORCE=1"], 'main stop --stack "$STACK" --yes'],
    [["restart", "FORCE=1"], 'main restart --stack "$STACK" --yes'],
    [["stop", "FORCE=0"], 'main stop --stack "$STACK" '],
    [["status", "JSON=1"], 'main status --stack "$STACK" --json'],
    [["render", "WHAT=k3s"], 'main render --stack "$STACK" "$WHAT"'],
    [["render", "WHAT=k3s", "OUTPUT=x"], 'main render --stack "$STACK" "$WHAT" --output "$OUTPUT"'],
    [["host-keys"], 'main host-keys --stack "$STACK" '],
    [["host-keys", "OUTPUT=x", "JSON=1"], 'main host-keys --stack "$STACK" --output "$OUTPUT" --json'],
  ])("%j gives the command its arguments, and the stack's name by the environment", (args, wanted) => {
    expect(planned(...args, "STACK=$$(touch x)")?.trimEnd()).toBe(wanted.trimEnd());
  });
});
