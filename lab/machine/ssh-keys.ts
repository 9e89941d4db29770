/** Ed25519 key pairs in OpenSSH's formats, made on the spot. */
import ssh2 from "ssh2";

export interface KeyPair {
  /** PEM text of OpenSSH. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
}

export function generateKeyPair(): KeyPair {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519");
  return { privateKey, publicKey: publicKey.trim().split(" ").slice(0, 2).join(" ") };
}
