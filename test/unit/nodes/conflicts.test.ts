import { describe, expect, test } from "vitest";
import { mergeInto } from "../../../provider/nodes/merged-file.ts";
import { found } from "./node-findings.ts";

const DIR = "/etc/containers/registries.conf.d";
const HUB = `${DIR}/50-harbor-cache-docker.io.conf`;
const TABLE = '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n';
const OURS = `${TABLE}[[registry.mirror]]\nlocation = "harbor.example.com/hub"\n`;

describe("files of ours", () => {
  const files = [{ path: HUB, content: OURS }];

  test("absent, as wanted, and as they were written are all well", () => {
    expect(found({ runtime: "cri-o", files })).toEqual([]);
    expect(found({ runtime: "cri-o", files, there: { [HUB]: OURS } })).toEqual([]);
    const old = { [HUB]: "# old\n" };
    expect(found({ runtime: "cri-o", files, there: old, written: old })).toEqual([]);
  });

  test("edited by hand, and never written by this stack, are reported", () => {
    expect(
      found({ runtime: "podman", files, there: { [HUB]: "# x\n" }, written: { [HUB]: "# y\n" } }),
    ).toEqual([
      `${HUB}:1: was edited by hand since harbor-cache wrote it; it is replaced: put what it should say into the stack's settings`,
    ]);
    expect(found({ runtime: "cri-o", files, there: { [HUB]: "# x\n" } })).toEqual([
      `${HUB}:1: is there already, but not from this stack; it is replaced: see whether another stack or tool still writes it`,
    ]);
  });

  test("what breaks the runtime comes first", () => {
    const there = { [HUB]: "# x\n", [`${DIR}/x.conf`]: "x\n" };
    expect(found({ runtime: "cri-o", files, there })).toEqual([
      expect.stringMatching(/^breaks: /),
      expect.stringContaining("is there already"),
    ]);
  });

  test("those that are on their way out shadow nothing", () => {
    const gone = `${DIR}/60-harbor-cache-old.conf`;
    const there = { [gone]: OURS };
    expect(found({ runtime: "cri-o", files, there, written: there })).toEqual([]);
    expect(found({ runtime: "cri-o", files, there })).toHaveLength(1);
  });
});

describe("files shared with others", () => {
  const PATH = "/etc/rancher/k3s/registries.yaml";
  const content = '{"mirrors":{"docker.io":{"endpoint":["https://h"]},"quay.io":{"endpoint":["https://h"]}}}';
  const files = [{ path: PATH, content, merge: "registries-yaml" as const }];
  const ours = mergeInto("registries-yaml", undefined, content, []);
  const edited = ours.replace("https://h", "https://other");

  test("as it was written, or with others' entries beside ours, all is well", () => {
    expect(found({ runtime: "k3s", files, there: { [PATH]: ours } })).toEqual([]);
    const there = { [PATH]: 'mirrors:\n  ghcr.io:\n    endpoint: ["https://x"]\n' };
    expect(found({ runtime: "rke2", files, there })).toEqual([]);
    const old = '{"mirrors":{"docker.io":{"endpoint":["https://old"]}}}';
    const before = mergeInto("registries-yaml", undefined, old, []);
    expect(found({ runtime: "k3s", files, there: { [PATH]: before }, written: { [PATH]: old } })).toEqual([]);
  });

  test("entries under our keys", () => {
    expect(found({ runtime: "k3s", files, there: { [PATH]: edited } })).toEqual([
      `${PATH}:2: has mirrors for docker.io of its own; it is replaced: put what is needed of it into the stack's settings`,
    ]);
    expect(found({ runtime: "k3s", files, there: { [PATH]: edited }, written: { [PATH]: content } })).toEqual(
      [
        `${PATH}:2: has mirrors for docker.io, edited by hand or by another tool; it is replaced: put what is ` +
          "needed of it into the stack's settings",
      ],
    );
  });

  test("logins under our keys, without the logins", () => {
    const path = "/root/.config/containers/auth.json";
    const there = { [path]: '{\n  "auths": {\n    "h/p": {"auth": "SECRET"}\n  }\n}\n' };
    const login = { path, content: '{"auths":{"h/p":{"auth":"dTpw"}}}', merge: "auth-json" as const };
    expect(found({ runtime: "podman", files: [login], there })).toEqual([
      `${path}:3: has a login for h/p of its own; it is replaced: put what is needed of it into the stack's settings`,
    ]);
    expect(found({ runtime: "podman", files: [login], there: { [path]: '{"auths": "SECRET"}' } })).toEqual([
      `breaks: ${path}:1: auths must be a JSON object; repair it, or move the file away`,
    ]);
  });

  test('"*" of k3s isn\'t asked for what is named', () => {
    const there = { [PATH]: '# x\nmirrors:\n  "*":\n    endpoint: ["https://any"]\n' };
    expect(found({ runtime: "k3s", files, there })).toEqual([
      `${PATH}:3: has mirrors for "*", which aren't asked for docker.io, quay.io any more; put those that should be into ` +
        "registries[].mirrors or nodes.mirrors",
    ]);
  });

  test('"*" is left alone where nothing is named', () => {
    const there = { [PATH]: 'mirrors:\n  "*":\n    endpoint: ["https://any"]\n' };
    const configs = { path: PATH, content: '{"configs":{"h":{}}}', merge: "registries-yaml" as const };
    expect(found({ runtime: "k3s", files: [configs], there })).toEqual([]);
  });

  test("a template of k3s that forgets the folder of mirrors", () => {
    const path = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl";
    expect(found({ runtime: "k3s", files, there: { [path]: '{{ template "base" . }}\n' } })).toEqual([]);
    expect(found({ runtime: "k3s", files, there: { [path]: "version = 2\n" } })).toEqual([
      `${path}:1: makes a containerd configuration without config_path, so that registries.yaml is ignored; begin it with {{ template "base" . }}`,
    ]);
  });
});

describe("containerd", () => {
  const CONFIG = "/etc/containerd/config.toml";
  const FOLDER = "/etc/containerd/certs.d";
  const HEADER = 'plugins."io.containerd.grpc.v1.cri".registry';
  const hosts = {
    path: `${FOLDER}/docker.io/hosts.toml`,
    content: 'server = "https://registry-1.docker.io"\n',
  };
  const shared = {
    path: CONFIG,
    content: JSON.stringify({ config_path: FOLDER }),
    merge: "containerd-config" as const,
  };
  const set = (folder: string) => `version = 2\n[${HEADER}]\nconfig_path = "${folder}"\n`;
  const on = (there: Record<string, string>, files: (typeof hosts | typeof shared)[] = [hosts]) =>
    found({ runtime: "containerd", files, there });

  test("a config_path that holds our folder, or is going to, is well", () => {
    expect(on({ [CONFIG]: set(FOLDER) })).toEqual([]);
    expect(on({ [CONFIG]: set(`${FOLDER}:/etc/docker/certs.d`) })).toEqual([]);
    expect(on({}, [hosts, shared])).toEqual([]);
    expect(on({ [CONFIG]: "version = 2\n" }, [hosts, shared])).toEqual([]);
    expect(on({ [CONFIG]: set(FOLDER), [`${FOLDER}/_default/hosts.toml`]: "" })).toEqual([]);
  });

  test.each([
    ["none", {}, 'plugins."io.containerd.cri.v1.images".registry', 1],
    ["an empty one", { [CONFIG]: set("") }, HEADER, 3],
    ["version 1", { [CONFIG]: "x = 1\n[plugins.cri.registry]\n" }, "plugins.cri.registry", 2],
  ])("%s", (_name, there, header, line) => {
    expect(on(there)).toEqual([
      `${CONFIG}:${line}: sets no config_path, so that ${FOLDER} is ignored; set nodes.configureRuntime to true, or add ` +
        `[${header}] config_path = "${FOLDER}" and restart containerd`,
    ]);
  });

  test("another folder", () => {
    expect(on({ [CONFIG]: set("/x") })).toEqual([
      `${CONFIG}:3: config_path is /x, so that ${FOLDER} is ignored; set nodes.dropInDir to that, or make it ${FOLDER}`,
    ]);
    expect(on({ [CONFIG]: set("/x") }, [hosts, shared])).toEqual([
      `breaks: ${CONFIG}:3: config_path of ${HEADER} is /x; set nodes.dropInDir to that, or make it ${FOLDER}`,
    ]);
  });

  test("tables that containerd refuses beside it", () => {
    const mirrors = `[${HEADER}.mirrors."docker.io"]\nendpoint = ["x"]\n`;
    expect(on({ [CONFIG]: set(FOLDER) + mirrors })).toEqual([
      `breaks: ${CONFIG}:4: ${HEADER} has mirrors beside config_path, with which containerd refuses to start; make hosts.toml files in ${FOLDER} of it`,
    ]);
    expect(on({ [CONFIG]: `version = 2\n${mirrors}` }, [hosts, shared])).toEqual([
      `breaks: ${CONFIG}:2: ${HEADER} has mirrors, and containerd refuses to start with config_path beside it; make hosts.toml files in ${FOLDER} of it`,
    ]);
    expect(on({ [CONFIG]: set(FOLDER) + `[${HEADER}.mirrors]\n[${HEADER}.configs]\n` })).toEqual([]);
  });

  test("what is no TOML is said once", () => {
    for (const files of [[hosts], [hosts, shared]]) {
      expect(on({ [CONFIG]: "x\n" }, files)).toEqual([
        `breaks: ${CONFIG}:1: is no TOML that can be read; repair it: the runtime refuses it too`,
      ]);
    }
  });

  test("imports", () => {
    const file = "/etc/containerd/conf.d/x.toml";
    const main = `imports = ["conf.d/*.toml"]\n${set(FOLDER)}`;
    const replacing = `version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/x"\n`;
    expect(on({ [CONFIG]: main })).toEqual([]);
    expect(on({ [CONFIG]: main, [file]: "version = 2\n[debug]\n" })).toEqual([]);
    expect(on({ [CONFIG]: main, [file]: set(FOLDER) })).toEqual([]);
    expect(on({ [CONFIG]: 'version = 2\nimports = ["conf.d/*.toml"]\n', [file]: set(FOLDER) })).toEqual([]);
    expect(on({ "/etc/containerd/conf.d/config.toml": set(FOLDER) })).toEqual([
      expect.stringContaining(`${CONFIG}:1: sets no config_path`),
    ]);
    expect(on({ [CONFIG]: main, [file]: replacing })).toEqual([
      `${file}:2: is imported later and replaces the plugin's table, in containerd 1.x as a whole; add [${HEADER}] config_path = "${FOLDER}"`,
    ]);
    expect(on({ [CONFIG]: main, [file]: "x\n" })).toEqual([
      `breaks: ${file}:1: is no TOML that can be read; repair it: the runtime refuses it too`,
    ]);
    expect(on({ [CONFIG]: `imports = ["/x.toml"]\n${set(FOLDER)}` })).toEqual([
      `${CONFIG}:1: imports /x.toml, which wasn't looked at and may set another config_path; see that it doesn't`,
    ]);
  });

  test("imports of version 3, which containerd 2.x merges key by key", () => {
    const file = "/etc/containerd/conf.d/x.toml";
    const images = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n';
    const main = `imports = ["conf.d/*.toml", "/opt/kata/*.toml"]\n${images}config_path = "${FOLDER}"\n`;
    expect(on({ [CONFIG]: main, [file]: images })).toEqual([]);
    expect(on({ [CONFIG]: main, [file]: `${images}config_path = "/x"\n` })).toEqual([
      `${file}:3: is imported later, and its config_path is /x; make it ${FOLDER}`,
    ]);
  });

  test("a list of folders, which containerd 2.1's default is, and which its transfer service can't take", () => {
    const text = (more: string) =>
      `version = 3\n[plugins.'io.containerd.cri.v1.images']\n${more}[plugins.'io.containerd.cri.v1.images'.registry]\n` +
      `config_path = '${FOLDER}:/etc/docker/certs.d'\n`;
    for (const files of [[hosts], [hosts, shared]]) {
      expect(on({ [CONFIG]: text("") }, files)).toEqual([
        `${CONFIG}:4: config_path is a list, which containerd 2.1 and later take for one folder, so that ${FOLDER} is ignored; make it ${FOLDER} alone`,
      ]);
      expect(on({ [CONFIG]: text("use_local_image_pull = true\n") }, files)).toEqual([]);
      expect(on({ [CONFIG]: text("discard_unpacked_layers = true\n") }, files)).toEqual([]);
    }
  });

  test("a port's folder in containerd's other spelling comes first", () => {
    const ours = { path: `${FOLDER}/r.example.com:5000/hosts.toml`, content: "" };
    const theirs = `${FOLDER}/r.example.com_5000_/hosts.toml`;
    expect(on({ [CONFIG]: set(FOLDER), [theirs]: "" }, [ours])).toEqual([
      `${theirs}:1: is read instead of ${ours.path}; remove it`,
    ]);
  });
});
