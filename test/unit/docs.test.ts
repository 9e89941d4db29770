/** What README and docs say must be there: links, targets, files, settings with their defaults, quoted messages. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { allSecret, errorsOf, harborOnAws, settingsOf, valid, type Tree } from "./config/valid.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const documents = ["README.md", ...globSync("docs/**/*.md", { cwd: root }).sort()];

interface Block {
  readonly language: string;
  readonly text: string;
}

/** Fenced blocks, and the text without them. */
function parse(markdown: string): { readonly blocks: Block[]; readonly prose: string } {
  const blocks: Block[] = [];
  const fence = /^ *```(\w*)\n([\s\S]*?)^ *```$/gm;
  const prose = markdown.replace(fence, (_all, language: string, text: string) => {
    blocks.push({ language, text });
    return "";
  });
  return { blocks, prose };
}

/** What users run, with texts that go over several lines put together. */
const code = globSync("{config,components,provider}/**/*.{ts,sh}", { cwd: root })
  .map((file) =>
    read(file)
      .replaceAll(/["`] \+\s+["`]/g, "")
      .replaceAll("\\`", "`"),
  )
  .join("\n");

const spansOf = (prose: string): string[] => [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);

/** As GitHub makes a heading's anchor. */
const anchorsOf = (markdown: string): string[] =>
  [...parse(markdown).prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

describe.each(documents)("%s", (file) => {
  const markdown = read(file);
  const { blocks, prose } = parse(markdown);

  test("links lead somewhere", () => {
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^https?:\/\//.test(target))
      .filter((target) => {
        const [path = "", anchor] = target.split("#");
        const linked = path === "" ? file : join(dirname(file), path);
        if (!existsSync(join(root, linked))) return true;
        return anchor !== undefined && !anchorsOf(read(linked)).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test("make targets exist", () => {
    const targets = [...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, name = ""]) => name);
    const code = [...spansOf(prose), ...blocks.map(({ text }) => text)].join("\n");
    const named = [...code.matchAll(/^(?:\w+=\w+ )*make ([a-z-]+)/gm)].map(([, name = ""]) => name);
    expect(named.filter((name) => !targets.includes(name))).toEqual([]);
  });

  test("files of the repository exist", () => {
    const folders = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^\.(?!ci$)/.test(entry.name))
      .map(({ name }) => name);
    const missing = spansOf(prose)
      .filter(
        (span) =>
          /^[\w.@/-]+$/.test(span) && folders.includes(span.split("/")[0] ?? "") && span.includes("/"),
      )
      .concat(spansOf(prose).filter((span) => /^Pulumi\.\w+\.yaml$/.test(span)))
      // What a command writes for whoever ran it.
      .filter((span) => !readFileSync(join(root, ".gitignore"), "utf8").split("\n").includes(span))
      .filter((span) => !existsSync(join(root, span)));
    expect(missing).toEqual([]);
  });

  test("quoted messages are in the code", () => {
    const quoted = blocks
      .filter(({ language }) => language === "text")
      .flatMap(({ text }) => text.split("\n"))
      .flatMap((line) => line.split("…"))
      .map((part) => part.trim())
      .filter((part) => /\w{2}/.test(part));
    expect(quoted.filter((part) => !code.includes(part))).toEqual([]);
  });
});

interface Row {
  readonly path: string;
  readonly fallback: string;
}

const rows = [...read("README.md").matchAll(/^\| `([\w.[\]]+)` +\|[^|]+\| ([^|]+?) +\|[^|]*\|$/gm)]
  .map(([, path = "", fallback = ""]): Row => ({ path, fallback }))
  .filter(({ path }) =>
    /^(hostname|tls|machine|harbor|edge|gitops|protect|registries|cache|projects|destinations|robots|login|maintenance|nodes)\b/.test(
      path,
    ),
  );

/** Sets a value at a path such as `nodes.pools[].name`; a list's one element is made where it is missing. */
function put(tree: Tree, path: string, value: unknown): Tree {
  const keys = path.replaceAll("[]", ".0").split(".");
  const last = keys.pop() ?? "";
  let at: unknown = tree;
  for (const [i, key] of keys.entries()) {
    if (typeof at !== "object" || at === null) throw new Error(`${path}: nothing can be set there`);
    const inner: unknown = Reflect.get(at, key);
    if (typeof inner !== "object") Reflect.set(at, key, keys[i + 1] === "0" ? [] : {});
    at = Reflect.get(at, key);
  }
  if (typeof at !== "object" || at === null) throw new Error(`${path}: nothing can be set there`);
  Reflect.set(at, last, value);
  return tree;
}

const loginBy = (client: Tree): Tree => ({
  issuer: "https://dex.example.com",
  client,
  members: [{ group: "developers", role: "viewer" }],
});

/** Right, each with other machines and ways of TLS, and with every mapping that has no default, so that those inside show. */
function variants(): Tree[] {
  const { nodes, ...others } = valid();
  const common = {
    ...others,
    nodes,
    registries: [{ name: "docker.io" }],
    harbor: {},
    projects: [{ name: "platform" }],
    destinations: [{ name: "dr", endpoint: "https://dr.example.com" }],
    robots: [{ name: "ci" }],
  };
  const aws = { type: "aws", defaultVpc: true, allowedCidrs: { web: ["10.0.0.0/8"] } };
  const letsencrypt = {
    mode: "letsencrypt-route53",
    email: "ops@example.com",
    hostedZoneId: "Z0123456789ABCDEFGHIJ",
  };
  return [
    {
      ...common,
      tls: { mode: "self-signed" },
      harbor: { dataVolume: { device: "/dev/sdb" } },
      gitops: { folder: "rendered" },
      nodes: { ...(nodes as Tree), verifyPull: { image: "docker.io/library/hello-world:latest" } },
      login: loginBy({ mode: "secret" }),
    },
    {
      ...common,
      tls: letsencrypt,
      login: loginBy({ mode: "existing", id: "harbor", secret: "of-the-client" }),
      machine: aws,
      harbor: { ...structuredClone(harborOnAws), s3: { bucket: "layers", region: "eu-west-1" } },
    },
  ];
}

/** What is found wrong in each variant with something at this path. */
const refusals = (path: string): string[][] =>
  [...variants(), { ...valid(), tls: { mode: "provided" }, login: loginBy({ mode: "oauth2client" }) }].map(
    (tree) => errorsOf(put(tree, path, null)).filter((line) => /^\S+: is no setting/.test(line)),
  );

/** Where a setting is found once the settings are complete. */
function placeOf(path: string): string[] {
  return path
    .replace(/^nodes\.port$/, "pools.0.nodes.0.port")
    .replace(/^nodes\./, "pools.0.")
    .replace(/\.quota$/, ".quotaBytes")
    .replaceAll("[]", ".0")
    .split(".");
}

describe("the table of settings", () => {
  test("was found", () => {
    expect(rows.length).toBeGreaterThan(60);
  });

  test.each(rows)("$path is a setting", ({ path }) => {
    // Proves that a key which is no setting would be seen here.
    for (const refused of refusals(`${path}NoSetting`)) expect(refused).toHaveLength(1);
    expect(refusals(path)).toContainEqual([]);
  });

  test.each(rows.filter(({ fallback }) => /^`[^`]+`$/.test(fallback) && !fallback.includes("NAME")))(
    "$path is $fallback where it is not given",
    ({ path, fallback }) => {
      const values = variants().map((tree) =>
        placeOf(path).reduce<unknown>(
          (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
          settingsOf(tree, allSecret),
        ),
      );
      expect(values.map((value) => `\`${String(value)}\``)).toContain(fallback);
    },
  );
});
