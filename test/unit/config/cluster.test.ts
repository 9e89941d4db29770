import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { clusterProblem } from "../../../config/cluster.ts";
import { loadSettings } from "../../../config/load.ts";
import { loginOf } from "../login/login-settings.ts";
import { rawOf, valid } from "./valid.ts";

const contents =
  "contexts: [{ name: one }]\nclusters: [{ name: c }]\ncurrent-context: one\nusers: [{ name: u, user: { token: t0ken } }]\n";
let home: string;
let file: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "cluster-"));
  file = join(home, "other");
  await writeFile(file, contents);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const problem = (client: object, environment: NodeJS.ProcessEnv = {}) =>
  clusterProblem(loginOf({ client: { mode: "oauth2client", ...client } }), { HOME: home, ...environment });

test("nothing is looked for where no client is to be made in a cluster, or the way there is in the settings", () => {
  expect(clusterProblem(undefined, {})).toBeUndefined();
  expect(problem({ mode: "existing", id: "harbor", secret: "s" })).toBeUndefined();
  expect(problem({ kubeconfig: contents })).toBeUndefined();
});

test("the file that is named, or that KUBECONFIG names, is one", () => {
  expect(problem({ kubeconfigFile: file, context: "one" })).toBeUndefined();
  expect(problem({ kubeconfigFile: "~/other" })).toBeUndefined();
  expect(problem({}, { KUBECONFIG: file })).toBeUndefined();
  expect(problem({ kubeconfigFile: file }, { KUBECONFIG: `/nowhere:${file}` })).toBeUndefined();
});

test("without any, the stack says what it can't do and what to do", () => {
  const remedy =
    "give kubeconfigFile or kubeconfig, or let somebody with access to it make the client and name it by mode existing " +
    "(docs/runbooks/login.md)";
  expect(problem({ mode: "secret" })).toEqual({
    path: "harbor-cache:login.client",
    message: `makes dex's client in its cluster, but finds no kubeconfig: KUBECONFIG is not set, and there is no ${home}/.kube/config; ${remedy}`,
  });
  expect(problem({ kubeconfigFile: "/nowhere/config" })?.message).toBe(
    `makes dex's client in its cluster, but finds no file /nowhere/config; ${remedy}`,
  );
  // A pod's way counts only where its token is.
  expect(problem({}, { KUBERNETES_SERVICE_HOST: "10.0.0.1" })?.message).toContain("finds no kubeconfig");
});

test("the file in the home folder is taken last", async () => {
  await mkdir(join(home, ".kube"));
  await writeFile(join(home, ".kube/config"), contents);
  expect(problem({})).toBeUndefined();
  expect(problem({}, { KUBECONFIG: "" })).toBeUndefined();
  await rm(join(home, ".kube"), { recursive: true });
});

test("a file without the context, or that is none, is told without what is in it", () => {
  const { message = "" } = problem({ kubeconfigFile: file, context: "two" }) ?? {};
  expect(message).toBe(`finds that ${file} has no context two`);
  expect(message).not.toContain("t0ken");
});

test("several files at once are joined, and those that are not there are passed over", () => {
  expect(problem({}, { KUBECONFIG: `/nowhere:${file}` })).toBeUndefined();
  expect(problem({ context: "two" }, { KUBECONFIG: `/nowhere:${file}` })?.message).toContain(
    "no context two",
  );
  expect(problem({ context: "two" }, { KUBECONFIG: `${file}:${file}` })).toBeUndefined();
  expect(problem({}, { KUBECONFIG: "/nowhere:/else" })?.message).toContain(
    "finds no file /nowhere or /else; give",
  );
});

test("a preview goes on without dex's cluster, as in a pull request; an up doesn't begin", async () => {
  const login = { issuer: "https://dex.example.com", client: { mode: "oauth2client" } };
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  vi.stubEnv("KUBECONFIG", "/nowhere");
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", "[]");
  const under = async (preview: boolean) => {
    const mocks = { call: () => ({}), newResource: () => ({ id: "", state: {} }) };
    await pulumi.runtime.setMocks(mocks, "harbor-cache", "stack", preview);
    pulumi.runtime.setAllConfig(rawOf({ ...valid(), login }));
    return loadSettings();
  };
  try {
    expect((await under(true)).login?.client).toMatchObject({ mode: "oauth2client" });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^harbor-cache:login\.client makes dex's client in its cluster, but finds no file \/nowhere; .* A preview goes on .*; an up doesn't\.$/,
        ),
      ],
    ]);
    await expect(under(false)).rejects.toThrow(/1 error.*\n.*finds no file \/nowhere/);
    expect(warn).toHaveBeenCalledOnce();
  } finally {
    vi.unstubAllEnvs();
    warn.mockRestore();
  }
});
