import fc from "fast-check";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { canonical, keysOf, mergeInto, oursIn, takeOut } from "../../../provider/nodes/merged-file.ts";

const FOLDER = "/etc/containerd/certs.d";
const OURS = JSON.stringify({ config_path: FOLDER });
const KEYS = keysOf("containerd-config", OURS);
const ADDED = "# added by harbor-cache";

/** Merges, which must be idempotent and found again; and takes out again, which must leave what was there. */
function merged(current: string): string {
  const text = mergeInto("containerd-config", current, OURS, []);
  expect(mergeInto("containerd-config", text, OURS, KEYS)).toBe(text);
  expect(oursIn("containerd-config", text, KEYS)).toBe(canonical(OURS));
  expect(takeOut("containerd-config", text, KEYS)).toBe(current);
  return text;
}

test("a new file is one that 1.x and 2.x take, and goes as a whole", () => {
  const text = mergeInto("containerd-config", undefined, OURS, []);
  expect(text).toBe(
    `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry] ${ADDED}\n  config_path = "${FOLDER}" ${ADDED}\n`,
  );
  expect(takeOut("containerd-config", text, KEYS)).toBeUndefined();
});

test.each([
  ["", "plugins.cri.registry"],
  ["version = 1\n", "plugins.cri.registry"],
  ["version = 2\nroot = '/x' # kept\n", 'plugins."io.containerd.grpc.v1.cri".registry'],
  ["version = 3\n", 'plugins."io.containerd.cri.v1.images".registry'],
])("%j gets a table where its version has it", (head, header) => {
  const current = `${head}disabled_plugins = []\n`;
  expect(merged(current)).toBe(`${current}[${header}] ${ADDED}\n  config_path = "${FOLDER}" ${ADDED}\n`);
});

test("a table that is there gets the key, in its own indentation", () => {
  const before =
    'version = 2\n\n[plugins]\n  [plugins."io.containerd.grpc.v1.cri".registry] # theirs\n    x = 1\n';
  expect(merged(before)).toBe(
    before.replace("# theirs\n", `# theirs\n    config_path = "${FOLDER}" ${ADDED}\n`),
  );
});

test("the empty one of containerd's own defaults is filled, beside its empty tables", () => {
  const table = "plugins.'io.containerd.grpc.v1.cri'.registry";
  const before = `version = 2\n[${table}]\n  config_path = ""\n\n  [${table}.configs]\n  [${table}.mirrors]\n[debug]\n`;
  expect(merged(before)).toBe(
    before.replace('config_path = ""', `config_path = "${FOLDER}" # changed from "" by harbor-cache`),
  );
});

test("its quotes and the comment behind it come back", () => {
  const before = "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '' # theirs\n";
  expect(merged(before)).toContain(`"${FOLDER}" # changed from '' by harbor-cache # theirs\n`);
});

test("a file with Windows' line ends or without a last one stays readable", () => {
  const text = mergeInto("containerd-config", "version = 3\r\n[plugins.x]\r\ny = 1", OURS, []);
  expect(parse(text)).toEqual({
    version: 3,
    plugins: { x: { y: 1 }, "io.containerd.cri.v1.images": { registry: { config_path: FOLDER } } },
  });
});

test("somebody else's config_path of the same folder counts as ours, and stays theirs", () => {
  for (const folders of [FOLDER, `${FOLDER}:/etc/docker/certs.d`, `/x:${FOLDER}`]) {
    const text = `version = 3\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "${folders}"\n`;
    expect(merged(text)).toBe(text);
  }
});

test("another folder of ours is replaced", () => {
  const other = JSON.stringify({ config_path: "/old" });
  const before = mergeInto("containerd-config", "version = 3\n", other, []);
  const expected = mergeInto("containerd-config", "version = 3\n", OURS, []);
  expect(mergeInto("containerd-config", before, OURS, [])).toBe(expected);
  expect(mergeInto("containerd-config", before, OURS, keysOf("containerd-config", other))).toBe(expected);
});

test("a list that somebody made of ours stays", () => {
  const text = mergeInto("containerd-config", "version = 3\n", OURS, []).replace(FOLDER, `${FOLDER}:/x`);
  expect(takeOut("containerd-config", text, KEYS)).toBe(text);
});

test("what others added below our table stays", () => {
  const text = `${mergeInto("containerd-config", "version = 3\n", OURS, [])}  theirs = 1\n`;
  expect(parse(takeOut("containerd-config", text, KEYS) ?? "")).toEqual({
    version: 3,
    plugins: { "io.containerd.cri.v1.images": { registry: { theirs: 1 } } },
  });
});

const TABLE = 'plugins."io.containerd.cri.v1.images".registry';

test.each([
  ["x = SECRET\n", "line 1: is no TOML that can be read; repair it: the runtime refuses it too"],
  [
    `version = 3\n[${TABLE}]\nconfig_path = "/elsewhere"\n`,
    `line 3: config_path of ${TABLE} is /elsewhere; set nodes.dropInDir to that, or make it ${FOLDER}`,
  ],
  [
    `version = 3\n[${TABLE}]\n[${TABLE}.mirrors."docker.io"]\nendpoint = ["x"]\n`,
    `line 3: ${TABLE} has mirrors, and containerd refuses to start with config_path beside it; make hosts.toml files in ${FOLDER} of it`,
  ],
  [
    `version = 3\n[${TABLE}.configs.h.tls]\nca_file = "x"\n`,
    `line 2: ${TABLE} has configs, and containerd refuses to start with config_path beside it; make hosts.toml files in ${FOLDER} of it`,
  ],
  [
    "version = 3\nplugins = { }\n",
    `line 2: can't be edited safely; write config_path = "${FOLDER}" into [${TABLE}] yourself`,
  ],
])("%j can't be edited", (text, message) => {
  expect(() => mergeInto("containerd-config", text, OURS, [])).toThrow(expect.objectContaining({ message }));
});

test("logins beside config_path are fine, as containerd takes them", () => {
  const before = `version = 3\n[${TABLE}.configs.h.auth]\nusername = "u"\n`;
  expect(parse(merged(before))).toMatchObject({
    plugins: { "io.containerd.cri.v1.images": { registry: { config_path: FOLDER } } },
  });
});

test("whatever else the file has, it means the same with config_path, and is the same without", () => {
  const line = fc.constantFrom(
    "# [plugins.cri.registry]",
    'a = """\n[plugins.cri.registry]\nconfig_path = "no"\n"""',
    "b = [ # ]\n  1, # [x]\n]",
    "c = 'it''s'.x",
    "",
    'd = "# no comment" # but this is one',
    "e = { f = [1, 2], g = '}' }",
  );
  const table = fc.constantFrom(
    "[debug]",
    '[plugins."io.containerd.grpc.v1.cri"]',
    '  [ plugins . "io.containerd.grpc.v1.cri" . registry ]',
    '[plugins."io.containerd.grpc.v1.cri".registry.headers]',
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    "[[other.array]]",
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(line, { maxLength: 5 }),
      fc.uniqueArray(table, { maxLength: 6 }),
      fc.uniqueArray(line, { maxLength: 5 }),
      (top, tables, below) => {
        const lines = [...top, ...tables.flatMap((one, index) => [one, ...(index === 0 ? below : [])])];
        const text = ["version = 2", "root = '/x'", ...lines, ""].join("\n");
        fc.pre(isToml(text));
        expect(parse(merged(text))).toMatchObject(parse(text));
      },
    ),
    { numRuns: 300 },
  );
});

function isToml(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
