import { describe, expect, test } from "vitest";
import { errorsOf, settingsOf, valid, type Tree } from "./valid.ts";

const digest = `@sha256:${"0".repeat(64)}`;

function wrong(more: Tree): string[] {
  return errorsOf({ ...valid(), ...more }).map((line) => line.replace("harbor-cache:", ""));
}

describe("edge", () => {
  test("takes images by tag or digest", () => {
    const edge = {
      traefikImage: `registry.example.com:5000/traefik${digest}`,
      socketProxyImage: `docker.io/tecnativa/docker-socket-proxy:v0.4.2${digest}`,
      accessLog: false,
      hstsSeconds: 0,
    };
    expect(settingsOf({ ...valid(), edge }).edge).toEqual(edge);
  });

  const image = "must be an image with its registry, and a tag other than latest or a digest";
  test.each([
    "docker.io/library/traefik",
    "docker.io/library/traefik:latest",
    "registry.example.com:5000/traefik",
    "traefik:v3.7.10",
    "docker.io/library/Traefik:v3",
    "docker.io/library/traefik@sha256:abc",
    "",
  ])("the image %j is refused", (traefikImage) => {
    expect(wrong({ edge: { traefikImage } })).toEqual([
      `edge.traefikImage: ${JSON.stringify(traefikImage.replace(/.*@/, "…@"))} ${image}; for example: docker.io/library/traefik:v3.7.10`,
    ]);
  });

  test.each(["v2.11.9", "v3.6.25", "3.7.2", "v3.7.2-alpine"])("Traefik %s is refused", (version) => {
    expect(wrong({ edge: { traefikImage: `registry.example.com:5000/traefik:${version}` } })).toEqual([
      `edge.traefikImage: "registry.example.com:5000/traefik:${version}" is too old, Traefik 3.7.3 or newer is needed; for example: docker.io/library/traefik:v3.7.10`,
    ]);
  });

  test.each(["v3.7.3", "3.7", "v3.7.10", "v3.8.0", "v3", "v3.7.20-alpine"])("takes Traefik %s", (version) => {
    const traefikImage = `registry.example.com:5000/traefik:${version}`;
    expect(settingsOf({ ...valid(), edge: { traefikImage } }).edge.traefikImage).toBe(traefikImage);
  });

  test.each<[Tree, string]>([
    [{ hstsSeconds: -1 }, "hstsSeconds: -1 must be a whole number from 0 to 63072000; for example: 31536000"],
    [{ accessLog: "yes" }, 'accessLog: "yes" must be true or false, but is text; for example: true'],
    [
      { dashboard: true },
      "dashboard: is no setting; known here: traefikImage, socketProxyImage, accessLog, hstsSeconds",
    ],
  ])("%j is refused", (edge, problem) => {
    expect(wrong({ edge })).toEqual([`edge.${problem}`]);
  });
});

describe("gitops", () => {
  test.each(["rendered", "rendered/prod", "a folder/of..mine"])("takes the folder %j", (folder) => {
    expect(settingsOf({ ...valid(), gitops: { folder } }).gitops).toEqual({ folder });
  });

  test.each(["/etc", "../other", "a/../../b", "a/..", "..", "rendered/", ""])(
    "the folder %j is refused",
    (folder) => {
      expect(wrong({ gitops: { folder } })).toEqual([
        `gitops.folder: ${JSON.stringify(folder)} must be a folder below the project's, without .. in it; for example: rendered/prod`,
      ]);
    },
  );
});

describe("protect", () => {
  test("is true unless it is false, as the engine hands them over", () => {
    expect(settingsOf(valid()).protect).toBe(true);
    expect(settingsOf({ ...valid(), protect: true }).protect).toBe(true);
    expect(settingsOf({ ...valid(), protect: false }).protect).toBe(false);
    // Texts arrive without quotes, so that this one can't be told from the word.
    expect(settingsOf({ ...valid(), protect: "false" }).protect).toBe(false);
  });

  test.each([
    ["no", '"no" must be true or false, but is text'],
    ["False", '"False" must be true or false, but is text'],
    ['"false"', '"false" must be true or false, but is text'],
    ["", '"" must be true or false, but is text'],
    [0, "0 must be true or false, but is a number"],
    [null, "must be true or false, but is empty"],
    [{ data: true }, "must be true or false, but is a mapping"],
  ])("%j is refused", (protect, problem) => {
    expect(wrong({ protect })).toEqual([`protect: ${problem}; for example: true`]);
  });
});
