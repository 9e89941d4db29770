/** The policy pack on the real engine: a stack that violates each policy, one that just doesn't, and Pulumi.prod.yaml. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { previewText } from "../../ci/preview-text.ts";
import { type Engine, ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { writeNobodysKubeconfig } from "../../tools/nobodys-cluster.ts";
import { Stack } from "../../tools/stack.ts";

const POLICY = ["--policy-pack", join(PROJECT_ROOT, "policy"), "--suppress-progress"];

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-policy-"));
  engine = await ensureEngine();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function policyProgram(wrong: boolean): Promise<Stack> {
  const name = wrong ? "wrong" : "right";
  const stack = new Stack({
    engine,
    name,
    backend: join(folder, "backend"),
    configFile: join(folder, `Pulumi.${name}.yaml`),
    project: join(PROJECT_ROOT, "test/engine/policy-program"),
    env: { HARBOR_CACHE_LAB_AWS: join(folder, "aws") },
  });
  await stack.init();
  await stack.setConfig("aws:region", "eu-west-1");
  await stack.setConfig("policy-program:wrong", String(wrong));
  return stack;
}

/** `level policy resource: message`, as Pulumi lists them. */
function violationsIn(output: string): string[] {
  const lines = output.split("\n");
  return lines.flatMap((line, at) => {
    const [, level, policy, resource] = /^ +- \[(\w+)\] +(\S+) +\(\S+: (.+)\)$/.exec(line) ?? [];
    if (level === undefined || policy === undefined || resource === undefined) return [];
    // A violation has the policy's description between; a policy that couldn't run has none.
    const message = lines[level === "mandatory" ? at + 2 : at + 1] ?? "";
    return [`${level} ${policy} ${resource}: ${message.trim()}`];
  });
}

const notYet =
  "advisory least-privilege later: can't run policy 'least-privilege' from policy pack 'harbor-cache@v0.1.0' during preview: string value at .policy can't be known during preview";

test("each violation is told, and an `up` with one changes nothing", async () => {
  const stack = await policyProgram(true);
  const yes = ["--yes", "--stack", "wrong", "--config-file", stack.options.configFile];
  const { code, output } = await stack.pulumi(["up", ...yes, ...POLICY]);
  expect(code).not.toBe(0);
  expect(violationsIn(output)).toEqual([
    "mandatory encrypted-volumes disk: the volume is not encrypted: set encrypted",
    "mandatory encrypted-volumes root-disk: the instance's root disk is not encrypted: set rootBlockDevice.encrypted",
    'mandatory instance-metadata metadata: anybody who can make the instance send a request reads its role: set metadataOptions.httpTokens to "required"',
    "mandatory least-privilege wide: the action s3:* is a pattern: name each action",
    "mandatory least-privilege managed: the managed policy arn:aws:iam::aws:policy/AdministratorAccess is not one that harbor-cache needs",
    "mandatory network-access ssh: port 22 is open to 0.0.0.0/0: name the networks that need it",
    "mandatory no-plain-secrets parameter: the parameter seems to hold a password: make its type SecureString",
    "mandatory no-secrets-in-user-data user-data: user data seems to hold a password: bring it over SSH, once the machine runs",
    "mandatory protected-data data: the volume can be deleted: set the option protect (harbor-cache:protect)",
    "mandatory tagged untagged: the tag Name is missing: give the resource the stack's tags",
    "mandatory tagged untagged: the tag Project is missing: give the resource the stack's tags",
    "mandatory tagged untagged: the tag Stack is missing: give the resource the stack's tags",
    notYet,
  ]);
  expect(output).not.toContain("hunter2");
  expect(await stack.state()).not.toContain("aws:");
});

test("what is just right passes", async () => {
  const { code, output } = await (await policyProgram(false)).run("preview", ...POLICY);
  expect(violationsIn(output)).toEqual([notYet]);
  expect(code).toBe(0);
});

test("Pulumi.prod.yaml passes, from nothing and without an account of AWS, and what a pull request is told of it holds no secret", async () => {
  const configFile = join(folder, "Pulumi.prod.yaml");
  await copyFile(join(PROJECT_ROOT, "Pulumi.prod.yaml"), configFile);
  const kubeconfig = join(folder, "kubeconfig");
  await writeNobodysKubeconfig(kubeconfig, "production");
  const stack = new Stack({
    engine,
    name: "prod",
    backend: join(folder, "backend"),
    configFile,
    env: { KUBECONFIG: kubeconfig },
  });
  await stack.init();
  const secret = "Adm1n-Passw0rd-of-the-policy-test";
  await stack.setConfig("harbor-cache:harbor.adminPassword", secret, { secret: true });
  const { code, output } = await stack.run("preview", "--diff", ...POLICY);
  // Only policies of roles that name what isn't there yet can't be judged.
  expect(
    violationsIn(output).filter((line) => !/^advisory least-privilege host-[\w-]+: can't run/.test(line)),
  ).toEqual([]);
  expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
  const text = previewText({ stack: "prod", outcome: "success", output });
  expect(text).toContain("[secret]");
  expect(text).not.toContain(secret);
  expect(text).toMatch(/^- \+ \d+ to create$/m);
  expect(Number(/^ +\+ (\d+) to create$/m.exec(output)?.[1])).toBeGreaterThan(40);
  expect(output).not.toMatch(/ to (update|delete|replace)$/m);
});
