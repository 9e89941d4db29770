/** `harborcache:host:SshKeyPair`: a key pair for SSH, made once and kept in the state. Reaches no machine. */
import ssh2 from "ssh2";
import { checkInputs } from "../inputs.ts";
import type { ResourceModule } from "../resource.ts";
import { describeShape } from "../schema-of-shape.ts";
import { UNKNOWN } from "../values.ts";

export const sshKeyPair: ResourceModule = {
  type: "harborcache:host:SshKeyPair",
  secretOutputs: ["privateKey"],
  schema: describeShape({}, ["publicKey", "privateKey"], ["privateKey"]),

  check: (_olds, news) => checkInputs({}, news),

  diff: () => ({ detailed: {} }),

  create: (_ctx, _urn, inputs, preview) =>
    Promise.resolve({
      id: "ssh-key-pair",
      state: { ...inputs, ...(preview ? { publicKey: UNKNOWN, privateKey: UNKNOWN } : generate()) },
    }),

  read(_ctx, _urn, id, oldInputs, oldState) {
    // There is nothing to read it from, and an id is no place for a secret.
    if (oldState["privateKey"] === undefined)
      throw new Error("An SshKeyPair can't be imported: give the key as machine.keyPair instead.");
    return Promise.resolve({ id, inputs: oldInputs, state: oldState });
  },

  update: () => Promise.reject(new Error("An SshKeyPair never changes in place.")),

  delete: () => Promise.resolve(),
};

/** Ed25519: the public key as one line of authorized_keys, the private one in OpenSSH's format without a passphrase. */
export function generate(): { readonly publicKey: string; readonly privateKey: string } {
  const { public: publicKey, private: privateKey } = ssh2.utils.generateKeyPairSync("ed25519", {
    comment: "harbor-cache",
  });
  return { publicKey, privateKey };
}
