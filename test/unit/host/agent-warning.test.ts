import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ExistingHost } from "../../../components/host/existing-host.ts";
import type { ExistingMachine, SshAccess } from "../../../config/settings.ts";
import { recordResources } from "../mocks.ts";
import { account, awsSettings, makeHost, startAccount } from "./aws-account.ts";

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(pulumi.log, "warn").mockImplementation((text) => {
    warnings.push(text);
    return Promise.resolve();
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const told = (setting: string) => [
  `harbor-cache:${setting} is not set, and SSH_AUTH_SOCK isn't either: start an agent (ssh-agent, ssh-add) ` +
    `or set the key: pulumi config set --secret --path harbor-cache:${setting} < KEYFILE`,
];
const key = pulumi.secret("KEY");

describe("a machine that exists", () => {
  beforeAll(async () => {
    await recordResources();
  });
  const jump: SshAccess = { address: "bastion", port: 22, user: "ops", hostKey: "ssh-ed25519 AAAAC3Nz" };
  const machine: ExistingMachine = { ...jump, type: "existing", address: "harbor", sudo: true };
  async function make(changes: Partial<ExistingMachine>): Promise<void> {
    new ExistingHost("machine", { machine: { ...machine, ...changes } });
    await pulumi.runtime.disconnect();
  }

  it.each<[string, object, string[]]>([
    ["no key", {}, told("machine.privateKey")],
    ["its key", { privateKey: key }, []],
    ["no key of the jump host", { privateKey: key, jump }, told("machine.jump.privateKey")],
    ["both keys", { privateKey: key, jump: { ...jump, privateKey: key } }, []],
  ])("with %s and without an agent", async (_what, changes, expected) => {
    vi.stubEnv("SSH_AUTH_SOCK", "");
    await make(changes);
    expect(warnings).toEqual(expected);
  });

  it("needs no key where there is an agent", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/dev/null");
    await make({});
    expect(warnings).toEqual([]);
  });

  it("can't be reached where the agent has gone, whatever keys there are", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/nonexistent/agent");
    await make({ privateKey: key });
    expect(warnings).toEqual([
      "SSH_AUTH_SOCK is /nonexistent/agent, which does not exist: every step on the machine will fail. Run: unset SSH_AUTH_SOCK",
    ]);
  });
});

describe("a machine on AWS", () => {
  beforeAll(startAccount);
  beforeEach(() => {
    account.reset();
    vi.stubEnv("SSH_AUTH_SOCK", "");
  });
  const open = { defaultVpc: true, allowedCidrs: { web: ["10.0.0.0/8"], ssh: ["10.1.0.0/16"] } };

  it.each<[string, object, string[]]>([
    ["a key pair of the stack's own", {}, []],
    ["a key pair whose key nobody has", { keyPair: { name: "ops" } }, told("machine.keyPair.privateKey")],
  ])("with %s", async (_what, changes, expected) => {
    await makeHost(awsSettings({ machine: { ...open, ...changes } }));
    expect(warnings).toEqual(expected);
  });

  it("says that nobody reaches it where port 22 is closed", async () => {
    await makeHost(awsSettings({ machine: { defaultVpc: true } }));
    expect(warnings).toEqual([
      expect.stringMatching(
        /^harbor-cache:machine\.allowedCidrs\.ssh names no network, .* \[10\.1\.0\.0\/16\]$/,
      ),
    ]);
  });
});
