import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureEngine } from "../../tools/engine.ts";
import { startOperating, UPSTREAM_PASSWORD, type Operating } from "./operating/environment.ts";
import { first, second, type Secrets, type Settings } from "./operating/settings.ts";

let folder: string;
let it: Operating;
let wanted: Settings;
let secrets: Secrets;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-operating-"));
  it = await startOperating(folder, await ensureEngine());
  secrets = {
    upstream: await it.encrypt(UPSTREAM_PASSWORD),
    client: await it.encrypt("cl13nt"),
    header: await it.encrypt("H3ader"),
  };
  wanted = first({ upstream: it.upstream.url, issuer: it.issuer }, secrets);
  await it.configure(wanted.settings, wanted.extras);
});
afterAll(async () => {
  await it.close();
  await rm(folder, { recursive: true, force: true });
});

test("preview", async () => {
  const t = Date.now();
  console.log(await it.stack.pending());
  console.log(await it.writes(), Date.now() - t);
});
test("up", async () => {
  const t = Date.now();
  const { output } = await it.stack.mustRun("up");
  console.log(output.slice(-3000), Date.now() - t);
  console.log(JSON.stringify(await it.state()).length);
});
test("noop", async () => {
  await it.writes();
  const t = Date.now();
  const { output } = await it.stack.mustRun("up", "--refresh", "--expect-no-changes");
  console.log(output.slice(-1000), Date.now() - t);
  console.log(await it.writes());
});
test("second", async () => {
  wanted = second({ upstream: it.upstream.url, issuer: it.issuer }, wanted, secrets);
  await it.configure(wanted.settings, wanted.extras);
  const t = Date.now();
  const { output } = await it.stack.mustRun("up", "--diff");
  console.log(output, Date.now() - t);
  console.log(JSON.stringify(await it.state(), undefined, 1));
});
