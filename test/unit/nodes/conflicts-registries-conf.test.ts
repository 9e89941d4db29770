import { describe, expect, test } from "vitest";
import { found } from "./node-findings.ts";

const DIR = "/etc/containers/registries.conf.d";
const HUB = `${DIR}/50-harbor-cache-docker.io.conf`;
const TABLE = '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n';
const OURS = `${TABLE}[[registry.mirror]]\nlocation = "harbor.example.com/hub"\n`;

/** CRI-O with our drop-in for Docker Hub there as it was written. */
function beside(others: Readonly<Record<string, string>>, ours = OURS): string[] {
  return found({
    runtime: "cri-o",
    files: [{ path: HUB, content: ours }],
    there: { [HUB]: ours, ...others },
    written: { [HUB]: ours },
  });
}

describe("registries.conf files of others", () => {
  const LATER = `${DIR}/99-x.conf`;
  const EARLIER = `${DIR}/10-docker.io.conf`;
  const MAIN = "/etc/containers/registries.conf";

  test("none, and those about other things, are well", () => {
    const other =
      'unqualified-search-registries = ["docker.io"]\n[aliases]\na = "quay.io/a"\n[[registry]]\nlocation = "quay.io"\n';
    expect(beside({ [LATER]: other, [MAIN]: other, [EARLIER]: "" })).toEqual([]);
  });

  test.each([
    [
      "a later one with the same prefix",
      { [LATER]: `# x\n${TABLE}` },
      `${LATER}:2: comes later and replaces docker.io of ${HUB}; take it out, or give it a name that sorts before`,
    ],
    [
      "the same by location only, with a slash at its end",
      { [LATER]: '[[registry]]\nlocation = "docker.io/"\n' },
      `${LATER}:1: comes later and replaces docker.io of ${HUB}; take it out, or give it a name that sorts before`,
    ],
    [
      "a longer prefix, wherever it stands",
      { [MAIN]: '[[registry]]\nlocation = "quay.io"\n\n[[registry]]\nlocation = "docker.io/library"\n' },
      `${MAIN}:4: takes docker.io/library away from ${HUB}, as the longer prefix wins; take it out, or see that it is meant so`,
    ],
    [
      "Kubespray's",
      { [EARLIER]: `${TABLE}[[registry.mirror]]\nlocation = "10.0.0.1:5000"\n` },
      `${EARLIER}:1: is replaced as a whole by docker.io of ${HUB}, its mirrors and flags with it; put those that are needed ` +
        "into registries[].mirrors or nodes.mirrors, or take it out (Kubespray: out of crio_registries)",
    ],
    [
      "the main file, whose flags ours lacks",
      { [MAIN]: `${TABLE}blocked = true\n` },
      `${MAIN}:1: is replaced as a whole by docker.io of ${HUB}, its mirrors and flags with it; put those that are needed ` +
        "into registries[].mirrors or nodes.mirrors, or take it out",
    ],
    [
      "the same location with differing flags",
      { [LATER]: '[[registry]]\nprefix = "hub.example"\nlocation = "docker.io"\ninsecure = true\n' },
      `${LATER}:1: has insecure = true for docker.io, and ${HUB} false; make both the same`,
    ],
    [
      "root's own",
      { "/root/.config/containers/registries.conf": "= broken" },
      "/root/.config/containers/registries.conf:1: replaces all drop-ins for programs with that home; remove it, or move it to registries.conf.d",
    ],
    [
      "an unknown key",
      {
        [LATER]:
          '[[registry]]\nlocation = "quay.io"\n[[registry.mirror]]\nlocation = "m"\n[[registry.mirrors]]\nlocation = "n"\n',
      },
      `${LATER}:5: mirrors is no key that the runtime knows; it ignores it silently. Did you mean 'mirror'?`,
    ],
    [
      "version 1 in the main file",
      { [MAIN]: '# x\n[registries.search]\nregistries = ["docker.io"]\n' },
      `${MAIN}:2: is in version 1 format, which newer runtimes refuse; write it as [[registry]] tables and unqualified-search-registries`,
    ],
    [
      "version 1 in a drop-in",
      { [LATER]: "[registries.search]\nregistries = []\n" },
      `breaks: ${LATER}:1: is in version 1 format, which the runtime refuses here; write it as [[registry]] tables and unqualified-search-registries`,
    ],
    [
      "version 1 and 2 in one file",
      { [MAIN]: '[[registry]]\nlocation = "quay.io"\n[registries.search]\nregistries = []\n' },
      `breaks: ${MAIN}:3: is in version 1 format, which the runtime refuses here; write it as [[registry]] tables and unqualified-search-registries`,
    ],
    [
      "what is no TOML",
      { [LATER]: "[[registry]]\nlocation = quay.io\n" },
      `breaks: ${LATER}:2: is no TOML that can be read; repair it: the runtime refuses it too`,
    ],
    [
      "a scheme",
      { [LATER]: '[[registry]]\nlocation = "quay.io"\n[[registry.mirror]]\nlocation = "https://m"\n' },
      `breaks: ${LATER}:4: location must be without a scheme such as https://; repair it: the runtime refuses the file`,
    ],
    [
      "one location in one file with differing flags",
      {
        [LATER]: '[[registry]]\nlocation = "q"\n[[registry]]\nprefix = "r"\nlocation = "q"\nblocked = true\n',
      },
      `breaks: ${LATER}:3: names the location q with differing blocked; repair it: the runtime refuses the file`,
    ],
  ])("%s", (_name, others, text) => {
    expect(beside(others)).toEqual([text]);
  });

  test("drop-ins that are called as other files are elsewhere, and those of the runtime's own home", () => {
    for (const path of [
      `${DIR}/crio.conf`,
      `${DIR}/registries.conf`,
      "/root/.config/containers/registries.conf.d/0.conf",
    ]) {
      expect(beside({ [path]: TABLE })).toEqual([
        `${path}:1: comes later and replaces docker.io of ${HUB}; take it out, or give it a name that sorts before`,
      ]);
    }
  });

  test("an earlier one that loses nothing is well", () => {
    expect(beside({ [EARLIER]: TABLE, [MAIN]: OURS })).toEqual([]);
  });

  test("a longer prefix that is ours too takes nothing away", () => {
    const both = `${OURS}[[registry]]\nlocation = "docker.io/library"\n`;
    expect(beside({ [EARLIER]: '[[registry]]\nlocation = "docker.io/library"\n' }, both)).toEqual([]);
  });

  test.each([
    ["*.example.com", "registry.example.com", true],
    ["*.example.com", "*.eu.example.com", true],
    ["*.example.com", "example.com", false],
    // Of two of one length the runtime takes the first in order, and * comes first.
    ["*.example.com", "a.example.com", false],
    ["*.example.com", "x.example.com.evil", false],
    ["docker.io", "docker.io.evil", false],
    ["docker.io/library", "docker.io", false],
  ])("below %s is %s: %j", (ours, theirs, below) => {
    const table = `[[registry]]\nprefix = "${ours}"\nlocation = "l"\n`;
    const texts = beside({ [MAIN]: `[[registry]]\nprefix = "${theirs}"\nlocation = "t"\n` }, table);
    expect(texts.some((text) => text.includes(`takes ${theirs} away`))).toBe(below);
    expect(texts).toHaveLength(below ? 1 : 0);
  });

  test("lists of registries for short names", () => {
    const ours = 'unqualified-search-registries = ["docker.io"]\n';
    const theirs = 'unqualified-search-registries = ["docker.io", "quay.io"]\n';
    expect(beside({ [MAIN]: ours, [LATER]: ours }, ours)).toEqual([]);
    expect(beside({ [MAIN]: `# x\n${theirs}` }, ours)).toEqual([
      `${MAIN}:2: unqualified-search-registries is replaced by ${HUB}, which lacks quay.io; put them into nodes.unqualifiedSearch, or take them out`,
    ]);
    expect(beside({ [LATER]: theirs }, ours)).toEqual([
      `${LATER}:1: unqualified-search-registries comes later and replaces that of ${HUB}; take it out`,
    ]);
  });
});

describe("CRI-O's logins", () => {
  const AUTH = "/etc/crio/config.json";
  const CONF = "/etc/crio/crio.conf";
  const DROP_IN = "/etc/crio/crio.conf.d/50-harbor-cache.conf";
  const login = { path: AUTH, content: '{"auths":{"h/p":{"auth":"dTpw"}}}', merge: "auth-json" } as const;
  const naming = (path: string) => `[crio.image]\nglobal_auth_file = "${path}"\n`;
  const inCrio = (there: Record<string, string>, files: { path: string; content: string }[] = []) =>
    found({ runtime: "cri-o", files: [login, ...files], there });

  test("the file must be named by the last one that names any", () => {
    const other = "/etc/crio/crio.conf.d/10-x.conf";
    expect(inCrio({ [CONF]: naming(AUTH) })).toEqual([]);
    expect(inCrio({ [CONF]: naming("/x"), [other]: naming(AUTH) })).toEqual([]);
    expect(inCrio({ [CONF]: naming("/x") }, [{ path: DROP_IN, content: naming(AUTH) }])).toEqual([]);
    expect(inCrio({ [other]: `[crio]\n${naming("/x")}`, [CONF]: naming(AUTH) })).toEqual([
      `${other}:3: has CRI-O read logins from /x and not ${AUTH}; set nodes.authFile to it, or nodes.configureRuntime to true`,
    ]);
  });

  test("nothing names it", () => {
    const text =
      `${AUTH}:1: isn't what CRI-O reads logins from, as nothing sets global_auth_file, so that pulls go past the cache; ` +
      `set [crio.image] global_auth_file = "${AUTH}", or nodes.configureRuntime to true`;
    expect(inCrio({})).toEqual([text]);
    expect(inCrio({ [CONF]: "[crio.image]\npause_image = 'x'\n" })).toEqual([text]);
    expect(inCrio({ [CONF]: naming("") })).toEqual([text]);
    expect(inCrio({ [`${DIR}/crio.conf`]: naming(AUTH) })).toContain(text);
    expect(found({ runtime: "podman", files: [login] })).toEqual([]);
    expect(found({ runtime: "cri-o", files: [] })).toEqual([]);
  });

  test("a configuration that can't be read", () => {
    expect(inCrio({ [CONF]: "x = \n" })[0]).toBe(
      `breaks: ${CONF}:1: is no TOML that can be read; repair it: the runtime refuses it too`,
    );
  });
});
