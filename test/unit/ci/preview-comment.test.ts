/** The script as the workflows run it, against a forge on loopback. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { run } from "../../../tools/run.ts";
import { type Comment, type ForgeStandIn, forgeStandIn } from "./forge-stand-in.ts";

const SCRIPT = fileURLToPath(new URL("../../../ci/preview-comment.ts", import.meta.url));
const TOKEN = "ghs_abcdefghijklmnop";
const MARKER = "<!-- harbor-cache preview of prod -->";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "preview-comment-"));
  file = join(folder, "preview.txt");
  await writeFile(file, "Previewing update (prod):\n\nResources:\n    + 1 to create\n");
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const script = (env: Record<string, string>, ...args: string[]) =>
  run(process.execPath, [SCRIPT, ...args], { env: { PATH: process.env["PATH"], ...env }, timeout: 60 });

const onGitHub = () =>
  forgeStandIn("/repos/acme/cache/issues/7/comments", "/repos/acme/cache/issues/comments/", "PATCH");
const gitHub = (forge: ForgeStandIn, more = {}) => ({
  GITHUB_API_URL: forge.url,
  GITHUB_REPOSITORY: "acme/cache",
  GITHUB_TOKEN: TOKEN,
  PULL_REQUEST: "7",
  ...more,
});
const byUs = (id: number, body: string): Comment => ({ id, body, user: { login: "github-actions[bot]" } });
const bySomebody = (id: number, body: string): Comment => ({ id, body, user: { login: "octocat" } });

describe("on GitHub", () => {
  test("the first preview writes a comment, the next edits it", async () => {
    await using forge = await onGitHub();
    const first = await script(gitHub(forge), "prod", "success", file);
    expect(first).toMatchObject({ code: 0, stdout: "comment written\n", stderr: "" });
    const [comment] = forge.comments;
    if (comment === undefined) throw new Error("no comment was written");
    expect(comment.body).toContain(`${MARKER}\n### prod: the preview passes\n`);
    comment.user = { login: "github-actions[bot]" };

    const second = await script(gitHub(forge), "prod", "failure", file);
    expect(second).toMatchObject({ code: 0, stdout: "comment edited\n" });
    expect(forge.comments).toHaveLength(1);
    expect(comment.body).toContain("### prod: the preview fails\n");
    expect(forge.asked).toEqual([
      "GET /repos/acme/cache/issues/7/comments?per_page=100&page=1",
      "POST /repos/acme/cache/issues/7/comments",
      "GET /repos/acme/cache/issues/7/comments?per_page=100&page=1",
      "PATCH /repos/acme/cache/issues/comments/1000",
    ]);
    expect(forge.headers["authorization"]).toBe(`Bearer ${TOKEN}`);
  });

  test("its own comment is found among other people's and other stacks', however many there are", async () => {
    await using forge = await onGitHub();
    forge.comments.push(
      bySomebody(1, `${MARKER}\nquoted`),
      byUs(2, "<!-- harbor-cache preview of prod-eu -->\nanother stack"),
      byUs(3, `see ${MARKER}`),
      ...Array.from({ length: 200 }, (_, i) => bySomebody(10 + i, "looks good")),
      byUs(500, `${MARKER}\nours`),
    );
    expect(await script(gitHub(forge), "prod", "success", file)).toMatchObject({ code: 0 });
    expect(forge.asked.at(-1)).toBe("PATCH /repos/acme/cache/issues/comments/500");
    expect(forge.comments.filter(({ body }) => body.includes("the preview passes"))).toHaveLength(1);
  });

  test("each stack has a comment of its own", async () => {
    await using forge = await onGitHub();
    forge.comments.push(byUs(2, `${MARKER}\n`));
    expect(await script(gitHub(forge), "prod-eu", "success", file)).toMatchObject({
      stdout: "comment written\n",
    });
    expect(forge.comments).toHaveLength(2);
  });

  test("a hiccup is waited out", async () => {
    await using forge = await onGitHub();
    forge.failures.push({ method: "GET", code: 502 });
    expect(await script(gitHub(forge), "prod", "success", file)).toMatchObject({ code: 0 });
    expect(forge.asked).toHaveLength(3);
  });

  test("a comment that may have been written is not written again", async () => {
    await using forge = await onGitHub();
    forge.failures.push({ method: "POST", code: 502 });
    const { code, stderr } = await script(gitHub(forge), "prod", "success", file);
    expect(code).toBe(1);
    expect(stderr).toContain("/repos/acme/cache/issues/7/comments was answered by 502");
    expect(forge.asked.filter((request) => request.startsWith("POST"))).toHaveLength(1);
  });

  test("a refusal is told, without the token", async () => {
    await using forge = await onGitHub();
    forge.failures.push({ method: "GET", code: 403 });
    const { code, stdout, stderr } = await script(gitHub(forge), "prod", "success", file);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `the preview's comment could not be written: GET ${forge.url}/repos/acme/cache/issues/7/comments?per_page=100&page=1 was answered by 403: {"message":"not now"}\n`,
    );
    expect(stdout + stderr).not.toContain(TOKEN);
  });

  test("a missing variable is named", async () => {
    await using forge = await onGitHub();
    const { code, stderr } = await script(gitHub(forge, { GITHUB_TOKEN: "" }), "prod", "success", file);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "the preview's comment could not be written: GITHUB_TOKEN is not set: the job must give it\n",
    });
  });
});

test("on GitLab the note of a merge request is written and edited", async () => {
  await using forge = await forgeStandIn(
    "/projects/5/merge_requests/7/notes",
    "/projects/5/merge_requests/7/notes/",
    "PUT",
  );
  const env = {
    CI_API_V4_URL: forge.url,
    CI_PROJECT_ID: "5",
    CI_MERGE_REQUEST_IID: "7",
    NOTES_TOKEN: TOKEN,
    NOTES_AUTHOR: "project_5_bot_1",
  };
  expect(await script(env, "prod", "success", file)).toMatchObject({ code: 0, stdout: "comment written\n" });
  const [note] = forge.comments;
  if (note === undefined) throw new Error("no note was written");
  note.author = { username: "project_5_bot_1" };
  expect(await script(env, "prod", "failed", file)).toMatchObject({ code: 0, stdout: "comment edited\n" });
  expect(forge.comments).toHaveLength(1);
  expect(note.body).toContain("the preview fails");
  expect(forge.headers["private-token"]).toBe(TOKEN);
});

test("without a pull request the text is printed", async () => {
  const { code, stdout } = await script({}, "prod", "success", file);
  expect(code).toBe(0);
  expect(stdout).toContain(`${MARKER}\n### prod: the preview passes\n`);
});

test("wrong arguments are told", async () => {
  expect(await script({}, "prod")).toMatchObject({
    code: 2,
    stderr: "usage: node ci/preview-comment.ts STACK OUTCOME FILE\n",
  });
});
