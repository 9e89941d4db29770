import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { freePort } from "../../../lab/free-port.ts";
import { run } from "../../../tools/run.ts";
import { findProgram } from "../../../tools/test-programs.ts";

const standIn = fileURLToPath(new URL("../../../lab/machine/last-bin/curl", import.meta.url));
const real = await findProgram("curl");

let folder: string;
let server: Server;
let port: number;
let closed: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "curl-stand-in-"));
  await writeFile(join(folder, "package"), "the package");
  server = createServer((request, response) => {
    const user = Buffer.from(
      (request.headers.authorization ?? "").replace("Basic ", ""),
      "base64",
    ).toString();
    if (request.url === "/moved") response.writeHead(302, { location: "/health" }).end();
    else if (request.url === "/who") response.writeHead(user === 'admin:a"b\\c:d' ? 200 : 401).end(user);
    else if (request.url === "/health") response.end('{"status":"healthy"}');
    else response.writeHead(404).end("nothing");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  closed = await freePort();
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const quiet = ["--silent", "--show-error"];
const cases: Record<string, { args: () => string[]; stdin?: () => string; code: number }> = {
  "a body": { args: () => [`http://127.0.0.1:${port}/health`], code: 0 },
  "another name led to an address": {
    args: () => ["--connect-to", `::127.0.0.1:${port}`, `http://harbor.invalid:${port}/health`],
    code: 0,
  },
  "a status alone, signed in by stdin": {
    args: () =>
      `--noproxy * --connect-timeout 5 --max-time 10 --config - --output /dev/null --write-out %{http_code} http://127.0.0.1:${port}/who`.split(
        " ",
      ),
    stdin: () => 'user = "admin:a\\"b\\\\c:d"\n',
    code: 0,
  },
  "an answer that is no success": { args: () => ["--fail", `http://127.0.0.1:${port}/none`], code: 22 },
  "a redirect that is followed": { args: () => ["--location", `http://127.0.0.1:${port}/moved`], code: 0 },
  "a redirect that is not": { args: () => [`http://127.0.0.1:${port}/moved`], code: 0 },
  "a file, its address by stdin": {
    args: () => "--config - --fail --location --proto =http,https,file --retry 3 --retry-delay 2".split(" "),
    stdin: () => `url = "file://${folder}/package"\n`,
    code: 0,
  },
  "a file that isn't there": { args: () => [`file://${folder}/none`], code: 37 },
  "nobody there": { args: () => [`http://127.0.0.1:${closed}/`], code: 7 },
};

describe.each(Object.entries(cases))("%s", (_title, { args, stdin, code }) => {
  const call = (program: string) =>
    run(program, [...quiet, ...args()], { stdin: stdin?.() ?? "", timeout: 20 });

  test("from the stand-in", async () => {
    const ended = await call(standIn);
    expect(ended.code).toBe(code);
    if (code !== 0) expect(ended.stderr).toMatch(new RegExp(`^curl: \\(${code}\\) `));
  });

  test.skipIf(real === undefined)("is the same as from curl", async () => {
    const [own, wanted] = [await call(standIn), await call(real ?? "")];
    expect({ code: own.code, stdout: own.stdout }).toEqual({ code: wanted.code, stdout: wanted.stdout });
  });
});

test("a download goes to its file", async () => {
  const target = join(folder, "target");
  expect((await run(standIn, [`file://${folder}/package`, "--output", target])).code).toBe(0);
  expect(await readFile(target, "utf8")).toBe("the package");
});

test("an unknown option is an error", async () => {
  const ended = await run(standIn, ["--insecure", `http://127.0.0.1:${port}/health`]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("--insecure");
});
