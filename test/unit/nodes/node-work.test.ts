import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canonical } from "../../../provider/nodes/merged-file.ts";
import { sha256 } from "../../../provider/nodes/node-files.ts";
import { workOnNode } from "../../../provider/nodes/node-work.ts";
import type { NodeAnswer, NodeWork } from "../../../provider/nodes/node-work.ts";
import { inputs } from "../../../provider/nodes/pool-inputs.ts";
import { SshError } from "../../../provider/nodes/ssh-error.ts";
import { NodeStandIn } from "./node-stand-in.ts";

let node: NodeStandIn;

beforeEach(async () => {
  node = await new NodeStandIn().start();
  node.program("restart", `echo restart >>${node.folder}/reloads`);
  mkdirSync(node.path("d"));
});

afterEach(() => node.stop());

const OTHERS = '{"auths": {"other.example.com": {"auth": "SECRET"}}}';
const OURS = JSON.stringify({ auths: { "harbor.example.com/proxy": { auth: "b3Vycw==" } } });
const KEYS = ["auths/harbor.example.com/proxy"];
const auth = { path: "/node/d/auth.json", content: OURS, mode: "0600", merge: "auth-json" };
const plain = { path: "/node/d/50.conf", content: "x" };

function work(
  files: Record<string, unknown>[],
  more: Partial<NodeWork> = {},
  settings: Record<string, unknown> = {},
): Promise<NodeAnswer> {
  const pool = inputs.parse({
    nodes: [node.target("n1")],
    files: files.length > 0 ? files : [plain],
    reloadCommand: "reload",
    restartCommand: "restart",
    dropInDir: "/node/d",
    timeouts: { connect: 2, command: 2, total: 15 },
    ...settings,
  });
  const [target] = pool.nodes;
  if (target === undefined) throw new Error("no node");
  const wanted = files.length > 0 ? pool.files : [];
  const asked = {
    action: "apply" as const,
    files: wanted,
    gone: new Map(),
    written: new Map(),
    mustReload: true,
  };
  return workOnNode(pool, target, { ...asked, ...more }, new AbortController().signal);
}

describe("a file shared with others", () => {
  test("gets what is ours, and keeps its mode and what is theirs", async () => {
    writeFileSync(node.path("d/auth.json"), OTHERS);
    chmodSync(node.path("d/auth.json"), 0o640);
    const answer = await work([auth]);
    expect(answer.states.get(auth.path)).toEqual({ sum: sha256("{}"), mode: "" });
    expect(JSON.parse(readFileSync(node.path("d/auth.json"), "utf8"))).toEqual({
      auths: { "other.example.com": { auth: "SECRET" }, "harbor.example.com/proxy": { auth: "b3Vycw==" } },
    });
    expect(statSync(node.path("d/auth.json")).mode & 0o7777).toBe(0o640);
    const again = await work([auth]);
    expect([again.did, again.states.get(auth.path)]).toEqual([
      "unchanged",
      { sum: sha256(canonical(OURS)), mode: "" },
    ]);
  });

  test("that everybody could read is closed to others when a login goes in, and else left as it is", async () => {
    const mode = (): number => statSync(node.path("d/auth.json")).mode & 0o7777;
    writeFileSync(node.path("d/auth.json"), OTHERS);
    chmodSync(node.path("d/auth.json"), 0o644);
    await work([{ ...auth, mode: "0644" }]);
    expect(mode()).toBe(0o644);
    writeFileSync(node.path("d/auth.json"), OTHERS);
    await work([auth]);
    expect(mode()).toBe(0o640);
  });

  test("is made with the given mode where there is none, and goes when nobody's is left", async () => {
    expect((await work([auth])).did).toBe("applied");
    expect(statSync(node.path("d/auth.json")).mode & 0o7777).toBe(0o600);
    const ours = { sums: [sha256(canonical(OURS))], merge: "auth-json" as const, keys: KEYS };
    const gone = new Map([[auth.path, ours]]);
    expect((await work([plain], { action: "read", files: [], gone })).states.get(auth.path)?.sum).toBe(
      ours.sums[0],
    );
    expect((await work([], { gone })).did).toBe("applied");
    expect(node.content("d/auth.json")).toBeUndefined();
  });

  test("loses what is ours only while it is what was written", async () => {
    const changed = OURS.replace("b3Vycw", "aGFuZHM");
    const both = `${OTHERS.slice(0, -2)}, ${changed.slice('{"auths":{'.length)}`;
    writeFileSync(node.path("d/auth.json"), both);
    const gone = (content: string): NodeWork["gone"] =>
      new Map([[auth.path, { sums: [sha256(canonical(content))], merge: "auth-json", keys: KEYS }]]);
    const before = node.content("d/auth.json");
    expect(await work([], { gone: gone(OURS) })).toMatchObject({ did: "unchanged", kept: [auth.path] });
    expect(node.content("d/auth.json")).toBe(before);
    expect(await work([], { gone: gone(changed) })).toMatchObject({ did: "applied", kept: [] });
    expect(JSON.parse(node.content("d/auth.json") ?? "")).toEqual(JSON.parse(OTHERS));
    // Nothing of ours in others' file is nothing to see.
    const seen = await work([plain], { action: "read", files: [], gone: gone(changed) });
    expect([...seen.states]).toEqual([]);
  });

  test("that can't be merged into is left with the rest, and its content told to nobody", async () => {
    writeFileSync(node.path("d/auth.json"), `${OTHERS}, SECRET`);
    const error: unknown = await work([auth, plain]).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/127\.0\.0\.1:\d+: .*\/node\/d\/auth\.json/s);
    expect(String(error)).toContain("nothing was changed");
    expect(String(error)).not.toContain("SECRET");
    expect([error instanceof SshError && error.reached, node.content("d/50.conf")]).toEqual([
      false,
      undefined,
    ]);
    writeFileSync(node.path("d/real.json"), OTHERS);
    await expect(work([{ ...auth, path: "/node/d/link.json" }])).resolves.toMatchObject({ did: "applied" });
    symlinkSync("real.json", node.path("d/link2.json"));
    await expect(work([{ ...auth, path: "/node/d/link2.json" }])).rejects.toThrow(
      /link2\.json is a symbolic link/,
    );
    writeFileSync(node.path("d/long.json"), " ".repeat(1024 * 1024 + 1));
    await expect(work([{ ...auth, path: "/node/d/long.json" }])).rejects.toThrow(/longer than 1048576 bytes/);
  });

  test("a failing reload puts it back as it was, with owner and mode", async () => {
    writeFileSync(node.path("d/auth.json"), OTHERS);
    chmodSync(node.path("d/auth.json"), 0o604);
    const { ino, uid, gid, mode } = statSync(node.path("d/auth.json"));
    node.program("reload", `! grep -q harbor ${node.path("d/auth.json")}`);
    await expect(work([auth])).rejects.toThrow(
      "the old files are back and the runtime was reloaded with them",
    );
    expect(statSync(node.path("d/auth.json"))).toMatchObject({ ino, uid, gid, mode });
    expect(node.content("d/auth.json")).toBe(OTHERS);
    expect(node.leftovers()).toEqual([]);
  });
});

describe("the runtime", () => {
  test("is restarted for files that it reads at its start only, and reloaded for others", async () => {
    const starter = { path: "/node/d/start.conf", content: "a", restart: true };
    await work([plain, starter]);
    expect(node.content("reloads")).toBe("restart\n");
    await work([{ ...plain, content: "y" }, starter]);
    expect(node.content("reloads")).toBe("restart\nreload\n");
    const gone = new Map([["/node/d/start.conf", { sums: [sha256("a")], restart: true }]]);
    await work([{ ...plain, content: "y" }], { gone });
    expect(node.content("reloads")).toBe("restart\nreload\nrestart\n");
  });

  test("that logs errors about the files has them taken away, with its words", async () => {
    node.program(
      "reload",
      `[ ! -e ${node.path("d/50.conf")} ] || echo 'level=error msg="loading 50.conf: bad"' >>${node.folder}/log`,
    );
    writeFileSync(node.path("log"), 'level=error msg="loading 50.conf: an old one"\n');
    const logCommand = `cat ${node.folder}/log`;
    await expect(work([plain], {}, { logCommand })).rejects.toThrow(
      /the runtime logged errors about the new files; the old files are back.*\n +level=error msg="loading 50\.conf: bad"$/,
    );
    expect(node.content("d/50.conf")).toBeUndefined();
  });

  test("whose log can't be read is a finding", async () => {
    const answer = await work([plain], {}, { logCommand: "no-such-program" });
    expect(answer.did).toBe("applied");
    expect(answer.findings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^no-such-program: the runtime's log can't be read/),
    ]);
  });
});

describe("conflicts", () => {
  const OTHER = '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n';
  const mirror = { path: "/node/d/registries.conf.d/50.conf", content: OTHER };
  const others = ["/node/d/registries.conf.d/*.conf"];

  test("are findings, or errors before anything is written", async () => {
    mkdirSync(node.path("d/registries.conf.d"));
    writeFileSync(node.path("d/registries.conf.d/99-theirs.conf"), OTHER);
    await expect(work([mirror], {}, { others, onConflict: "error" })).rejects.toThrow(
      /conflicts with the files; nothing was changed\n +\/\S*99-theirs\.conf/,
    );
    expect(node.content("d/registries.conf.d/50.conf")).toBeUndefined();
    const answer = await work([mirror], {}, { others });
    expect(answer.did).toBe("applied");
    expect(answer.findings.map(({ text }) => text).join()).toContain("99-theirs.conf");
  });
});
