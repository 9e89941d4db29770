const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** Of an FNV-64 hash that nothing was written to: dex appends it to what it means to hash. */
const emptyHash = Buffer.from("cbf29ce484222325", "hex");

/**
 * The name that dex looks for an OAuth2Client by: lower-case base32, without padding, of the client's id and the hash's
 * bytes (dex, storage/kubernetes/client.go, idToName).
 */
export function dexClientName(id: string): string {
  const bytes = Buffer.concat([Buffer.from(id, "utf8"), emptyHash]);
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[parseInt(five.padEnd(5, "0"), 2)]).join("");
}
