import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderFiles, writeRendered } from "../../../components/gitops/rendered-files.ts";
import { manifest } from "../../../components/gitops/rendered-folder.ts";
import { settled } from "../mocks.ts";

let outside: string;
let folder: string;
beforeEach(async () => {
  outside = mkdtempSync(join(tmpdir(), "gitops-"));
  folder = join(outside, "rendered/prod");
  await asPreview(false);
});
afterEach(() => {
  rmSync(outside, { recursive: true });
});

/** The engine's own kind of run decides what an unknown output does. */
async function asPreview(preview: boolean): Promise<void> {
  const none = () => {
    throw new Error("no resource and no function is expected here");
  };
  await pulumi.runtime.setMocks({ newResource: none, call: none }, "harbor-cache", "test", preview);
}

/** Resolves when everything is written, to what could not be. */
async function write(files: Record<string, pulumi.Input<string>>): Promise<string[]> {
  const problems = await Promise.all(renderFiles(folder, files).map((problem) => settled(problem)));
  return problems.flatMap(({ value }) => value ?? []);
}

/** All files below the folder with their text. */
function found(): Record<string, string> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(folder.length + 1), readFileSync(file, "utf8")]),
  );
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const listed = (): string[] =>
  readFileSync(join(folder, manifest), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

describe("writeRendered", () => {
  it("writes what is rendered, and lists it", async () => {
    await write({ "harbor/b": "B\n", "harbor/a": pulumi.output("A\n"), c: Promise.resolve("C\n") });
    expect(found()).toEqual({
      [manifest]:
        "# The files here that harbor-cache writes, and deletes when it renders them no more.\nc\nharbor/a\nharbor/b\n",
      c: "C\n",
      "harbor/a": "A\n",
      "harbor/b": "B\n",
    });
  });

  it("touches nothing where nothing changed", async () => {
    await write({ a: "A" });
    const before = ["a", manifest].map((name) => statSync(join(folder, name), { bigint: true }).ino);
    await write({ a: "A" });
    // A file that is written is another one.
    expect(["a", manifest].map((name) => statSync(join(folder, name), { bigint: true }).ino)).toEqual(before);
    await write({ a: "B" });
    expect(statSync(join(folder, "a"), { bigint: true }).ino).not.toBe(before[0]);
    expect(found()["a"]).toBe("B");
  });

  it("writes over what somebody changed in one of our files", async () => {
    await write({ a: "A" });
    put("a", "edited");
    await write({ a: "A" });
    expect(found()["a"]).toBe("A");
  });

  it("deletes what is rendered no more, with folders that are empty then, and no file of others", async () => {
    put("theirs", "T");
    put("nodes/readme", "R");
    await write({ "nodes/x/y/a": "A", "nodes/b": "B", "gone/deep/c": "C" });
    await write({ "nodes/b": "B" });
    expect(found()).toEqual({
      [manifest]: expect.any(String) as string,
      "nodes/b": "B",
      "nodes/readme": "R",
      theirs: "T",
    });
    expect(readdirSync(join(folder, "nodes")).sort()).toEqual(["b", "readme"]);
    expect(listed()).toEqual(["nodes/b"]);
    await write({});
    expect(found()).toEqual({ "nodes/readme": "R", theirs: "T" });
  });

  it("leaves a file of somebody else that is in the way, and says so", async () => {
    put("a", "theirs");
    expect(await write({ a: "A" })).toEqual([
      `harbor-cache:gitops.folder: ${folder}/a is not written: one is there that .harbor-cache-files does not list, so ` +
        "harbor-cache has not written it and leaves it alone. Move it away, or choose another folder.",
    ]);
    expect(found()).toEqual({ a: "theirs" });
    put("a", "A");
    await write({ a: "A" });
    expect(listed()).toEqual(["a"]);
  });

  it("leaves what is not known yet as it is, at a preview, and writes the rest", async () => {
    await write({ a: "A", b: "B" });
    await asPreview(true);
    const unknown = pulumi.output(pulumi.unknown as unknown as string);
    writeRendered(folder, { a: unknown, b: "changed", c: "C", d: unknown });
    await vi.waitFor(() => {
      expect(found()).toMatchObject({ a: "A", b: "changed", c: "C" });
    });
    expect(listed()).toEqual(["a", "b", "c"]);
  });

  it("writes no secret", async () => {
    expect(await write({ a: pulumi.secret("Secret-1"), b: "B" })).toEqual([
      `harbor-cache:gitops.folder: ${folder}/a is not written: it would hold a secret`,
    ]);
    expect(found()).toEqual({ [manifest]: expect.not.stringContaining("\na") as string, b: "B" });
  });
});

describe("nothing outside the folder", () => {
  it.each(["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "", "a/", "a\\b", "a\0b", "a\nb", manifest])(
    "is written for the path %j",
    (path) => {
      expect(() => {
        writeRendered(folder, { [path]: "A" });
      }).toThrow("is no path below it");
      expect(readdirSync(outside, { recursive: true })).toEqual([]);
    },
  );

  it.each(["../../victim", "/etc/hostname", "link/victim"])(
    "is deleted because of a manifest with %s",
    (path) => {
      writeFileSync(join(outside, "victim"), "V");
      mkdirSync(folder, { recursive: true });
      symlinkSync(outside, join(folder, "link"));
      put(manifest, `${path}\n`);
      expect(() => {
        writeRendered(folder, { a: "A" });
      }).toThrow(/is no path below it|is a symbolic link/);
      expect(readFileSync(join(outside, "victim"), "utf8")).toBe("V");
    },
  );

  it("is written through a symbolic link, to a folder or to a file", async () => {
    mkdirSync(folder, { recursive: true });
    symlinkSync(outside, join(folder, "link"));
    expect(() => {
      writeRendered(folder, { "link/a": "A" });
    }).toThrow("is a symbolic link");
    writeFileSync(join(outside, "victim"), "V");
    await write({ a: "A" });
    rmSync(join(folder, "a"));
    symlinkSync(join(outside, "victim"), join(folder, "a"));
    await write({ a: "A" });
    expect(readFileSync(join(outside, "victim"), "utf8")).toBe("V");
    expect(found()["a"]).toBe("A");
  });
});
