import { expect, test } from "vitest";
import { parseToml, tomlLine, tomlStatements } from "../../../provider/nodes/toml-statements.ts";

const TEXT = `# head
version = 2 # two
text = """
[no.table]
no = 1
"""
list = [ # of
  "a]", # [no]
  { b = "}" },
]
[a."b.c".'d']
  "e f".g = 'x#y'   # comment
[[registry]]
prefix = "one"
[[registry.mirror]]
location = "m1"
[[registry.mirror]]
location = "m2"
[[registry]]
[registry.sub]
x = 1
[[registry.mirror]]
location = "m3"`;

test("every header and key has its path, its line and its extent", () => {
  expect(
    tomlStatements(TEXT).map(({ path, line, start, end }) => [path.join("/"), line, TEXT.slice(start, end)]),
  ).toEqual([
    ["version", 2, "version = 2"],
    ["text", 3, 'text = """\n[no.table]\nno = 1\n"""'],
    ["list", 7, 'list = [ # of\n  "a]", # [no]\n  { b = "}" },\n]'],
    ["a/b.c/d", 11, `[a."b.c".'d']`],
    ["a/b.c/d/e f/g", 12, `"e f".g = 'x#y'`],
    ["registry/0", 13, "[[registry]]"],
    ["registry/0/prefix", 14, 'prefix = "one"'],
    ["registry/0/mirror/0", 15, "[[registry.mirror]]"],
    ["registry/0/mirror/0/location", 16, 'location = "m1"'],
    ["registry/0/mirror/1", 17, "[[registry.mirror]]"],
    ["registry/0/mirror/1/location", 18, 'location = "m2"'],
    ["registry/1", 19, "[[registry]]"],
    ["registry/1/sub", 20, "[registry.sub]"],
    ["registry/1/sub/x", 21, "x = 1"],
    ["registry/1/mirror/0", 22, "[[registry.mirror]]"],
    ["registry/1/mirror/0/location", 23, 'location = "m3"'],
  ]);
});

test.each([
  [["registry", 1, "mirror", 0, "location"], 23],
  [["registry", 1, "location"], 19],
  [["list", 1, "b"], 7],
  [["a"], 11],
  [["registry"], 13],
  [["nowhere"], 1],
])("%j stands in line %i", (path, line) => {
  expect(tomlLine(tomlStatements(TEXT), path)).toBe(line);
});

test("a text that is no TOML has a line, and its words aren't repeated", () => {
  expect(() => parseToml("a = 1\nb = SECRET\n")).toThrow(
    expect.objectContaining({ line: 2, message: expect.not.stringContaining("SECRET") as string }),
  );
  expect(tomlStatements("a = 1\n= SECRET\n").map(({ path }) => path)).toEqual([["a"]]);
});
