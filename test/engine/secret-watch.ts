/** Looks for secrets where they must not be: files, output and the arguments of running processes. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

const unzip = promisify(gunzip);

/** Files under `folder` that hold one of the secrets in clear or in base64, by path and which secret (its index). */
export async function filesWithSecrets(folder: string, secrets: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const raw = await readFile(path);
    const text = (path.endsWith(".gz") ? await unzip(raw) : raw).toString("utf8");
    for (const index of secretsIn(text, secrets)) found.push(`${path}: secret ${index}`);
  }
  return found;
}

/** Which of the secrets (by index) a text holds, in clear or in base64. */
export function secretsIn(text: string, secrets: readonly string[]): number[] {
  return secrets.flatMap((secret, index) => {
    const encoded = Buffer.from(secret).toString("base64").replace(/=+$/, "");
    return text.includes(secret) || text.includes(encoded) ? [index] : [];
  });
}

/** Watches the arguments of all processes until stopped; then names the programs that had a secret in them. */
export function watchArguments(secrets: readonly string[]): () => Promise<{ found: string[]; seen: number }> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
        const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
        seen.add(line);
        if (secretsIn(line, secrets).length > 0) found.add(line.split("\0")[0] ?? pid);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    stopped.abort();
    await watching;
    return { found: [...found], seen: seen.size };
  };
}
