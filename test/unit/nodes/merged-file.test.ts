import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { canonical, keysOf, mergeInto, oursIn, takeOut } from "../../../provider/nodes/merged-file.ts";
import type { MergeFormat } from "../../../provider/nodes/node-files.ts";

const AUTH = JSON.stringify({ auths: { "harbor.example.com/proxy": { auth: "dTpw" } } });
const REGISTRIES = JSON.stringify({
  mirrors: { "docker.io": { endpoint: ["https://harbor.example.com"], rewrite: { "^(.*)$": "hub/$1" } } },
  configs: { "harbor.example.com": { auth: { username: "u", password: "p" } } },
});
const FOLDER = JSON.stringify({ config_path: "/etc/containerd/certs.d" });

function merged(format: MergeFormat, current: string | undefined, ours: string, gone: string[] = []): string {
  const text = mergeInto(format, current, ours, gone);
  expect(mergeInto(format, text, ours, gone)).toBe(text);
  expect(oursIn(format, text, keysOf(format, ours))).toBe(canonical(ours));
  return text;
}

test("keys name what is ours", () => {
  expect(keysOf("auth-json", AUTH)).toEqual(["auths/harbor.example.com/proxy"]);
  expect(keysOf("registries-yaml", REGISTRIES)).toEqual(["mirrors/docker.io", "configs/harbor.example.com"]);
  expect(keysOf("containerd-config", FOLDER)).toEqual(["config_path//etc/containerd/certs.d"]);
});

test("the canonical form doesn't depend on the order of keys", () => {
  const [a, b] = [
    { x: 1, y: [{ p: 1, q: 2 }] },
    { y: [{ q: 2, p: 1 }], x: 1 },
  ];
  expect(canonical(JSON.stringify({ mirrors: { m: a }, configs: { c: {} } }))).toBe(
    canonical(JSON.stringify({ configs: { c: {} }, mirrors: { m: b } })),
  );
});

describe("auth.json", () => {
  const THEIRS =
    '{\n\t"credHelpers": {\n\t\t"x": "ecr-login"\n\t},\n\t"auths": {\n\t\t"quay.io": {\n\t\t\t"auth": "YTpi"\n\t\t}\n\t}\n}\n';

  test("a new file holds our logins", () => {
    const text = merged("auth-json", undefined, AUTH);
    expect(text).toBe(
      '{\n  "auths": {\n    "harbor.example.com/proxy": {\n      "auth": "dTpw"\n    }\n  }\n}\n',
    );
    expect(takeOut("auth-json", text, keysOf("auth-json", AUTH))).toBeUndefined();
  });

  test("others' keys, their order and the indentation stay", () => {
    const text = merged("auth-json", THEIRS, AUTH);
    expect(text).toBe(
      THEIRS.replace(
        '"YTpi"\n\t\t}\n',
        '"YTpi"\n\t\t},\n\t\t"harbor.example.com/proxy": {\n\t\t\t"auth": "dTpw"\n\t\t}\n',
      ),
    );
    expect(takeOut("auth-json", text, keysOf("auth-json", AUTH))).toBe(THEIRS);
  });

  test("an empty file, one without logins and one in a line are taken as they are", () => {
    expect(merged("auth-json", "", AUTH)).toBe(merged("auth-json", undefined, AUTH));
    expect(merged("auth-json", '{"x":1}', AUTH)).toBe(
      '{"x":1,"auths":{"harbor.example.com/proxy":{"auth":"dTpw"}}}',
    );
    expect(JSON.parse(merged("auth-json", '{"auths":null}\n', AUTH))).toEqual(JSON.parse(AUTH));
  });

  test("a file that holds ours already stays as it is, however it is written", () => {
    const text = '{ "auths":   { "harbor.example.com/proxy":{"auth":"dTpw"} } }';
    expect(merged("auth-json", text, AUTH, ["auths/gone"])).toBe(text);
  });

  test("keys that aren't wanted any more go, and only those", () => {
    const before = merged("auth-json", THEIRS, JSON.stringify({ auths: { "old/x": { auth: "b2xk" } } }));
    expect(merged("auth-json", before, AUTH, ["auths/old/x", "auths/harbor.example.com/proxy"])).toBe(
      merged("auth-json", THEIRS, AUTH),
    );
  });

  test("a name such as __proto__ is a name", () => {
    const theirs = '{"__proto__":1,"auths":{"__proto__":{"auth":"YTpi"}}}';
    expect(takeOut("auth-json", merged("auth-json", theirs, AUTH), keysOf("auth-json", AUTH))).toBe(theirs);
  });

  test.each([
    [
      '{\n  "auths": {\n    "h": {}\n    "SECRET": {}\n  }\n}',
      "line 4: is no JSON; repair it, or move it away",
    ],
    ["SECRET", "line 1: is no JSON; repair it, or move it away"],
    ["[]", "line 1: it must be a JSON object; repair it, or move the file away"],
    ["null", "line 1: must hold a JSON object; repair it, or move it away"],
    ['{"auths":["SECRET"]}', "line 1: auths must be a JSON object; repair it, or move the file away"],
  ])("%j can't be worked with", (text, message) => {
    expect(() => mergeInto("auth-json", text, AUTH, [])).toThrow(expect.objectContaining({ message }));
    expect(oursIn("auth-json", text, keysOf("auth-json", AUTH))).toBe("{}");
  });
});

describe("registries.yaml", () => {
  const THEIRS = [
    "# of the platform team",
    "mirrors:",
    "  quay.io:",
    "    endpoint:",
    '      - "https://quay.mirror" # asked first',
    "  # the end of mirrors",
    "configs:",
    "  quay.mirror:",
    "    tls:",
    "      insecure_skip_verify: true",
    "",
  ].join("\n");

  test("a new file holds our part, and nothing is left of it afterwards", () => {
    const text = merged("registries-yaml", undefined, REGISTRIES);
    expect(parseYaml(text)).toEqual(JSON.parse(REGISTRIES));
    expect(takeOut("registries-yaml", text, keysOf("registries-yaml", REGISTRIES))).toBeUndefined();
  });

  test("comments, order and quotes of others stay, byte by byte after ours is taken out", () => {
    const text = merged("registries-yaml", THEIRS, REGISTRIES);
    expect(text).toContain(THEIRS.slice(0, THEIRS.indexOf("  # the end")));
    expect(takeOut("registries-yaml", text, keysOf("registries-yaml", REGISTRIES))).toBe(THEIRS);
  });

  test("empty sections and files of comments only are taken as they are", () => {
    expect(parseYaml(merged("registries-yaml", "mirrors:\nconfigs: {}\n", REGISTRIES))).toEqual(
      JSON.parse(REGISTRIES),
    );
    const text = merged("registries-yaml", "# nothing yet\n", REGISTRIES);
    expect(text).toMatch(/^# nothing yet\n/);
    expect(takeOut("registries-yaml", text, keysOf("registries-yaml", REGISTRIES))).toMatch(
      /^# nothing yet\n/,
    );
  });

  test("logins of others that look like numbers stay as they are written, and ours are no numbers", () => {
    const theirs =
      "configs:\n  r:\n    auth:\n      username: 00123\n      password: 12345678901234567890\n      x: 1e5\n";
    const ours = JSON.stringify({ configs: { h: { auth: { username: "1", password: "0123" } } } });
    const text = merged("registries-yaml", theirs, ours);
    expect(text.startsWith(theirs)).toBe(true);
    expect(text).toContain('password: "0123"');
  });

  test("an entry of ours that others' entries are aliases of is left alone", () => {
    const text = "mirrors:\n  docker.io: &a {}\n  quay.io: *a\n";
    expect(() => mergeInto("registries-yaml", text, REGISTRIES, [])).toThrow(
      "line 1: has an alias of an entry that is to be replaced or taken out; write it out",
    );
  });

  test("comments in a section without entries stay", () => {
    const theirs = "mirrors:\n  # quay.io:\n  #   endpoint: []\nx: 1\n";
    const text = merged("registries-yaml", theirs, REGISTRIES);
    const after = takeOut("registries-yaml", text, keysOf("registries-yaml", REGISTRIES)) ?? "";
    for (const one of [text, after]) expect(one).toContain(theirs.slice(0, -"x: 1\n".length));
    expect(parseYaml(after)).toEqual({ mirrors: {}, x: 1 });
  });

  test("an entry under our key is replaced, and a key that is gone goes with its empty section", () => {
    const before = "mirrors:\n  docker.io:\n    endpoint: [https://other]\n  old.io: {}\n";
    expect(parseYaml(merged("registries-yaml", before, REGISTRIES, ["mirrors/old.io"]))).toEqual(
      JSON.parse(REGISTRIES),
    );
    expect(takeOut("registries-yaml", "mirrors:\n  old.io: {}\nx: 1\n", ["mirrors/old.io"])).toBe("x: 1\n");
  });

  test.each([
    ["mirrors:\n  a: [SECRET\n", /^line \d: is no YAML that can be read; repair it$/],
    ["mirrors: {}\nmirrors: {}\n", /^line 2: is no YAML/],
    ["- SECRET\n", /^line 1: must hold a mapping/],
    ["mirrors: SECRET\n", /^line 1: mirrors must be a mapping/],
    ["a: &a {}\nmirrors: *a\n", /^line 1: mirrors must be a mapping, written out/],
    ["mirrors:\n  quay.io: *SECRET\n", /^line 1: has an alias that stands for nothing/],
  ])("%j can't be worked with", (text, message) => {
    expect(() => mergeInto("registries-yaml", text, REGISTRIES, [])).toThrow(message);
    expect(() => mergeInto("registries-yaml", text, REGISTRIES, [])).not.toThrow(/SECRET/);
    expect(oursIn("registries-yaml", text, keysOf("registries-yaml", REGISTRIES))).toBe("{}");
  });
});

describe("whatever others have", () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9.:/_-]{0,12}$/).filter((one) => !one.endsWith(":"));
  const entries = (value: fc.Arbitrary<unknown>, of: fc.Arbitrary<string>) =>
    fc.dictionary(of, value, { minKeys: 1, maxKeys: 4, noNullPrototype: true });
  const ours = name.map((one) => `ours-${one}`);
  const theirs = name.map((one) => `x${one}`);

  test("in auth.json comes back as it was", () => {
    const auth = fc.record({ auth: fc.base64String() });
    fc.assert(
      fc.property(
        entries(auth, theirs),
        fc.dictionary(theirs, fc.jsonValue(), { noNullPrototype: true }),
        entries(auth, ours),
        fc.constantFrom("", "  ", "\t"),
        (auths, rest, mine, indent) => {
          const text = JSON.stringify({ ...rest, auths }, undefined, indent);
          const part = JSON.stringify({ auths: mine });
          const after = merged("auth-json", text, part);
          expect(JSON.parse(after)).toEqual(
            JSON.parse(JSON.stringify({ ...rest, auths: { ...auths, ...mine } })),
          );
          expect(takeOut("auth-json", after, keysOf("auth-json", part))).toBe(text);
        },
      ),
    );
  });

  test("in registries.yaml comes back as it was, comments included", () => {
    const mirror = fc.record({ endpoint: fc.array(fc.webUrl(), { minLength: 1, maxLength: 3 }) });
    const comment = fc.stringMatching(/^[a-z ]{0,10}$/).map((words) => `# c ${words}x`);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(theirs, mirror, comment), { minLength: 1, maxLength: 4 }),
        comment,
        entries(mirror, ours),
        (others, last, mine) => {
          const unique = [...new Map(others.map((one) => [one[0], one])).values()];
          const lines = unique.flatMap(([key, { endpoint }, above]) => [
            `  ${above}`,
            `  "${key}":`,
            "    endpoint:",
            ...endpoint.map((url) => `      - ${JSON.stringify(url)}`),
          ]);
          const text = [last, "mirrors:", ...lines, "other: 1", ""].join("\n");
          const part = JSON.stringify({ mirrors: mine });
          const after = merged("registries-yaml", text, part);
          expect(after).toContain(last);
          expect(takeOut("registries-yaml", after, keysOf("registries-yaml", part))).toBe(text);
        },
      ),
      { numRuns: 40 },
    );
  });
});
