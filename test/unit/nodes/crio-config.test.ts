import { describe, expect, test } from "vitest";
import { dropInProblems } from "../../../provider/nodes/crio-config.ts";

const GOOD = `
unqualified-search-registries = ["docker.io"]
short-name-mode = ""
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "harbor/proxy.docker.io"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.example.com"
blocked = true
[[registry.mirror]]
location = "harbor/any"
pull-from-mirror = "tag-only"
[[registry]]
prefix = "*.example.org"
[[registry]]
prefix = "docker.io/library"
location = "docker.io/library"
blocked = true
[[registry.mirror]]
location = "10.0.0.1:5000/hub"
`;

test("what the runtime takes has no problems", () => {
  expect(dropInProblems(GOOD)).toEqual([]);
  expect(dropInProblems("")).toEqual([]);
});

describe("what it refuses or ignores", () => {
  test.each([
    ["[[registry]\n", /^line 1: is no TOML that can be read/],
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
      /^registry\.0\.pull-from-mirror: belongs into a mirror's table$/,
    ],
    [
      '[[registry]]\nlocation = "a"\nmirrors = []\n',
      /^registry\.0\.mirrors: is no key that the runtime knows; it ignores it silently\. Did you mean 'mirror'\?$/,
    ],
    ['unqualified-search = ["a"]\n', /^unqualified-search: is no key/],
    [
      'unqualified-search-registries = ["https://a"]\n',
      /^unqualified-search-registries\.0: must be without a scheme/,
    ],
    ['[[registry]]\nprefix = "*.a/b"\nlocation = "a"\n', /a wildcard is only allowed as/],
    ['[[registry]]\nprefix = "*"\nlocation = "a"\n', /a wildcard is only allowed as/],
    [
      '[[registry]]\nlocation = "a"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b"\npull-from-mirror = "all"\n',
      /^registry\.0: mirror-by-digest-only excludes pull-from-mirror/,
    ],
    ['[[registry]]\nprefix = "a.*.b"\nlocation = "a"\n', /a wildcard is only allowed as/],
    [
      '[[registry]]\nprefix = "a"\nlocation = "x"\n[[registry]]\nprefix = "b"\nlocation = "x"\ninsecure = true\n',
      /^registry\.1: names the location x with differing insecure$/,
    ],
    [
      '[[registry]]\nlocation = "a"\n[[registry]]\nprefix = "a"\nlocation = "b"\n',
      /^registry\.1: is a second table for a; the runtime uses the first$/,
    ],
  ])("%j", (content, problem) => {
    const problems = dropInProblems(content);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
