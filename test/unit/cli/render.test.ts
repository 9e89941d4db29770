/** `render` as a process. Stand-in: `pulumi`, which tells a stack's outputs and takes no other arguments. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../tools/run.ts";

const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const registries = "# Made by harbor-cache for k3s\nmirrors: {}\n";
const ca = "# Made by harbor-cache: CA\nPEM\n";
const rendered = {
  kubespray: { "harbor-cache.yml": "# Made by harbor-cache for Kubespray\n" },
  containerd: { "certs.d/a/hosts.toml": "# Made by harbor-cache. a\n", "certs.d/b:5/hosts.toml": "# b\n" },
  k3s: { "registries.yaml": registries, "ca.crt": ca },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "render-"));
  mkdirSync(join(folder, "bin"));
  const pulumi = join(folder, "bin/pulumi");
  writeFileSync(
    pulumi,
    `#!/bin/sh
[ "$*" = "stack output --json --show-secrets --stack berlin --non-interactive --color never" ] || {
  echo "error: no stack named '$*' found" >&2
  exit 255
}
cat '${folder}/outputs'
`,
  );
  chmodSync(pulumi, 0o755);
  outputs({ rendered });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function outputs(of: object): void {
  writeFileSync(join(folder, "outputs"), JSON.stringify(of));
}

function render(...args: string[]) {
  return run(process.execPath, [main, "render", ...args], {
    env: { ...process.env, PATH: [join(folder, "bin"), process.env["PATH"]].join(delimiter) },
    timeout: 60,
  });
}

test("one file is printed as it is, without asking for a secret", async () => {
  expect(await render("kubespray", "--stack", "berlin")).toEqual({
    code: 0,
    stdout: "# Made by harbor-cache for Kubespray\n",
    stderr: "",
  });
});

test("a certificate is named, and never in the midst of what is piped", async () => {
  expect(await render("k3s", "--stack", "berlin")).toEqual({
    code: 0,
    stdout: registries,
    stderr: "not shown, and needed too: ca.crt; --output FOLDER writes all\n",
  });
});

test("several files are printed each under its path", async () => {
  expect(await render("containerd", "--stack", "berlin")).toEqual({
    code: 0,
    stdout: "# --- certs.d/a/hosts.toml\n# Made by harbor-cache. a\n\n# --- certs.d/b:5/hosts.toml\n# b\n",
    stderr: "",
  });
});

test("files are written below a folder, again over its own, never over somebody else's", async () => {
  const output = join(folder, "out");
  const written = { code: 0, stdout: `${output}/registries.yaml\n${output}/ca.crt\n`, stderr: "" };
  expect(await render("k3s", "--stack", "berlin", "--output", output)).toEqual(written);
  expect(readFileSync(join(output, "registries.yaml"), "utf8")).toBe(registries);
  outputs({ rendered: { k3s: { ...rendered.k3s, "registries.yaml": `${registries}configs: {}\n` } } });
  expect(await render("k3s", "--stack", "berlin", "--output", output)).toEqual(written);
  expect(readFileSync(join(output, "registries.yaml"), "utf8")).toBe(`${registries}configs: {}\n`);
  expect(existsSync(join(output, "registries.yaml.harbor-cache-new"))).toBe(false);

  writeFileSync(join(output, "ca.crt"), "mine\n");
  outputs({ rendered });
  const refused = await render("k3s", "--stack", "berlin", "--output", output);
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain(
    `nothing was written: ${output}/ca.crt is there and not harbor-cache's own`,
  );
  expect(readFileSync(join(output, "ca.crt"), "utf8")).toBe("mine\n");
  expect(readFileSync(join(output, "registries.yaml"), "utf8")).toContain("configs");
});

test("a folder that can't be written is a problem, not a crash", async () => {
  const { code, stderr } = await render("k3s", "--stack", "berlin", "--output", join(folder, "outputs"));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^can't write: ENOTDIR: .*registries\.yaml/);
});

test.each([
  ["nomad", 'nothing is rendered for "nomad": there are kubespray, containerd, k3s\n'],
  ["dockerd", "it can't use a project of Harbor's"],
  ["constructor", 'nothing is rendered for "constructor"'],
])("%s is refused with what there is", async (what, message) => {
  const { code, stdout, stderr } = await render(what, "--stack", "berlin");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
});

test.each([
  [{}, "has no rendered files yet, or was made by an older version: run pulumi up --stack berlin"],
  [{ rendered: "[secret]" }, "can't be used (rendered."],
  [{ rendered: { k3s: { "../k3s.yaml": "x" } } }, "can't be used (rendered.k3s.../k3s.yaml"],
])("a stack with the outputs %j needs an up", async (of, message) => {
  outputs(of);
  const { code, stdout, stderr } = await render("k3s", "--stack", "berlin", "--output", join(folder, "out"));
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(message);
  expect(existsSync(join(folder, "k3s.yaml"))).toBe(false);
});

test.each([
  [["--stack", "berlin"], "error: missing required argument 'what'"],
  [["", "--stack", "berlin"], "which format?"],
  [["k3s"], "error: required option '-s, --stack <name>' not specified"],
  [["k3s", "--stack", ""], "which stack?"],
  [["k3s", "talos", "--stack", "berlin"], "error: too many arguments for 'render'"],
  [["k3s", "--stack", "berlin", "--json"], "error: unknown option '--json'"],
  [["k3s", "--stack", "berlin", "--ouput", "x"], "(Did you mean --output?)"],
  [["k3s", "--stack", "berlin", "--output", ""], "which folder?"],
])("wrong arguments are 2, and say what is wrong: %j", async (args, message) => {
  const { code, stdout, stderr } = await render(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
});
