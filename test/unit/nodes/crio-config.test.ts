import { describe, expect, test } from "vitest";
import { dropInProblems } from "../../../provider/nodes/crio-config.ts";

const GOOD = `
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "harbor/proxy.docker.io"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.example.com"
`;

test("what the runtime takes has no problems", () => {
  expect(dropInProblems(GOOD)).toEqual([]);
  expect(dropInProblems("")).toEqual([]);
});

describe("what it refuses or ignores", () => {
  test.each([
    ["[[registry]\n", /^is no TOML: .*\(line 1\)$/],
    ['[registries.search]\nregistries = ["docker.io"]\n', /version 1 format/],
    ['[[registry]]\nprefix = "docker.io"\n', /^registry\.0: needs a location/],
    ['[[registry]]\nlocation = "https://docker.io"\n', /^registry\.0\.location: must be without a scheme/],
    [
      '[[registry]]\nlocation = "a"\n[[registry.mirror]]\ninsecure = true\n',
      /^registry\.0\.mirror\.0\.location: /,
    ],
    ['[[registry]]\nlocation = "a"\n[[registry.mirror]]\nlocation = ""\n', /a mirror needs a location/],
    [
      '[[registry]]\nlocation = "a"\npull-from-mirror = "all"\n',
      /"pull-from-mirror"; the runtime would ignore it/,
    ],
    ['[[registry]]\nlocation = "a"\nmirrors = []\n', /"mirrors"; the runtime would ignore it silently/],
    ['[[registry]]\nprefix = "a.*.b"\nlocation = "a"\n', /a wildcard is only allowed as/],
    [
      '[[registry]]\nprefix = "a"\nlocation = "x"\n[[registry]]\nprefix = "b"\nlocation = "x"\ninsecure = true\n',
      /^names the location x with differing insecure$/,
    ],
    ['[[registry]]\nlocation = "a"\n[[registry]]\nprefix = "a"\nlocation = "b"\n', /^has two tables for a/],
  ])("%j", (content, problem) => {
    const problems = dropInProblems(content);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
