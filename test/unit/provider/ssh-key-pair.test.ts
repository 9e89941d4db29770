import ssh2 from "ssh2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sshKeyPair } from "../../../provider/host/ssh-key-pair.ts";
import { failureOf, ProviderClient, secret, unknownText } from "./provider-client.ts";

const TYPE = "harborcache:host:SshKeyPair";

let provider: ProviderClient;
beforeEach(async () => {
  provider = await ProviderClient.start([sshKeyPair]);
});
afterEach(async () => {
  await provider.close();
});

/** The private key out of the state, where it must be secret. */
function privateKeyOf(state: Record<string, unknown>): string {
  const { value } = state["privateKey"] as { value: string };
  expect(state["privateKey"]).toEqual(secret(value));
  return value;
}

test("a key pair is made once; its halves belong together, and the private one is always secret", async () => {
  expect(await provider.check(TYPE, {}, {})).toEqual({ inputs: {}, failures: [] });
  const { id, state } = await provider.create(TYPE, {});
  const key = privateKeyOf(state);
  expect(key).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n[\s\S]+-----END OPENSSH PRIVATE KEY-----\n?$/);
  expect(state["publicKey"]).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]+=* harbor-cache$/);
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  expect(state["publicKey"]).toBe(`ssh-ed25519 ${parsed.getPublicSSH().toString("base64")} harbor-cache`);
  expect((await provider.read(TYPE, id, {}, state)).state).toEqual(state);
  expect(await provider.diff(TYPE, id, {}, state, {})).toMatchObject({ changes: false });
});

test("each one is another", async () => {
  const [one, two] = await Promise.all([provider.create(TYPE, {}), provider.create(TYPE, {})]);
  expect(privateKeyOf(one.state)).not.toBe(privateKeyOf(two.state));
});

test("a preview makes none", async () => {
  expect((await provider.create(TYPE, {}, true)).state).toEqual({
    publicKey: unknownText,
    privateKey: secret(unknownText),
  });
});

test("it takes no inputs, and can't be imported", async () => {
  expect((await provider.check(TYPE, {}, { bits: 4096 })).failures).toHaveLength(1);
  expect((await failureOf(provider.read(TYPE, "my-key"))).message).toContain(
    "can't be imported: give the key as machine.keyPair instead",
  );
});
