/** Ed25519 key pairs in OpenSSH's formats, made on the spot. */
import ssh2 from "ssh2";

export interface KeyPair {
  /** PEM text of OpenSSH. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
}

export function generateKeyPair(): KeyPair {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519");
    // Once in some hundred times ssh2 makes a key that it can't read itself.
    if (ssh2.utils.parseKey(privateKey) instanceof Error) continue;
    return { privateKey, publicKey: publicKey.trim().split(" ").slice(0, 2).join(" ") };
  }
}
