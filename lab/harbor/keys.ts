/** The instance's secret key, as Harbor keeps one at `secret/keys/secretkey`, and what is derived from it. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export class Keys {
  readonly #key: Buffer;

  constructor(dataDir: string) {
    const file = path.join(dataDir, "secret", "keys", "secretkey");
    if (!existsSync(file)) {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, randomBytes(32).toString("base64"), { mode: 0o600 });
    }
    this.#key = Buffer.from(readFileSync(file, "utf8"), "base64");
  }

  /** A signature of `text` for one purpose; hex. */
  sign(purpose: string, text: string): string {
    return createHmac("sha256", this.#key).update(`${purpose}\0${text}`).digest("hex");
  }

  verify(purpose: string, text: string, signature: string): boolean {
    const wanted = Buffer.from(this.sign(purpose, text).slice(0, signature.length));
    const given = Buffer.from(signature);
    return given.length >= 16 && given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  encrypt(text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
  }

  decrypt(text: string): string {
    const bytes = Buffer.from(text, "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
  }
}
