import { describe, expect, test } from "vitest";
import { errorsOf, settingsOf, valid } from "./valid.ts";

function wrong(registry: unknown): string[] {
  return errorsOf({ ...valid(), registries: [registry] }).map((line) =>
    line.replace("harbor-cache:registries", ""),
  );
}

describe("Docker Hub by its other names", () => {
  const host = (name: string): string =>
    "is a host of Docker Hub's, whose images are named by docker.io; did you mean docker.io? " +
    `Where manifests do name it: { name: docker.io, aliases: [${name}] }`;

  test.each([
    ["index.docker.io", "is docker.io to every image reference; did you mean docker.io?"],
    ["hub.docker.com", "is Docker Hub's website; did you mean docker.io?"],
    ["registry-1.docker.io", host("registry-1.docker.io")],
    ["registry.hub.docker.com", host("registry.hub.docker.com")],
  ])("%s is no registry", (name, problem) => {
    expect(wrong(name)).toEqual([`[0]: "${name}" ${problem}`]);
    expect(wrong({ name, quota: "5GiB" })).toEqual([`[0].name: "${name}" ${problem}`]);
  });

  test("those that references keep apart can be aliases", () => {
    const aliases = ["registry-1.docker.io", "registry.hub.docker.com"];
    expect(
      settingsOf({ ...valid(), registries: [{ name: "docker.io", aliases }] }).registries[0],
    ).toMatchObject({ name: "docker.io", aliases });
    expect(wrong({ name: "docker.io", aliases: ["index.docker.io"] })).toEqual([
      '[0].aliases[0]: "index.docker.io" is docker.io to every image reference already: leave it out',
    ]);
  });
});
