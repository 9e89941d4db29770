import { describe, expect, test } from "vitest";
import { errorsOf, plain, settingsOf, valid, type Tree } from "./valid.ts";

const secretKeys = new Set(["harbor-cache:login"]);
const kubeconfig =
  "contexts: [{ name: one }, { name: two }]\nclusters: [{ name: c }]\ncurrent-context: one\n";

const treeOf = (login: Tree, more: Tree = {}): Tree => ({
  ...valid(),
  registries: ["docker.io", "quay.io"],
  ...more,
  login: { issuer: "https://dex.example.com", client: { mode: "oauth2client" }, ...login },
});

function wrong(login: Tree, secrets: ReadonlySet<string> = new Set()): string[] {
  return errorsOf(treeOf(login), secrets).map((line) => line.replace("harbor-cache:login.", ""));
}

describe("what is right", () => {
  test("without login there is none", () => {
    expect(settingsOf(valid()).login).toBeUndefined();
    expect(settingsOf({ ...valid(), login: {} }).login).toBeUndefined();
  });

  test("is completed with what works for dex", () => {
    expect(settingsOf(treeOf({})).login).toEqual({
      issuer: "https://dex.example.com",
      name: "dex",
      client: { mode: "oauth2client", id: "harbor-cache-oidc-dex", name: "Harbor", namespace: "dex" },
      scope: "openid,profile,email,groups,offline_access",
      groupsClaim: "groups",
      verifyCertificate: true,
      autoOnboard: false,
      logout: false,
      extraRedirectParameters: {},
      primary: false,
      checkIssuer: true,
      members: [],
    });
  });

  test("secrets are secrets, and what is given stays", async () => {
    const client = {
      mode: "secret",
      id: "cache",
      name: "Cache",
      kubeconfig,
      context: "two",
      namespace: "auth",
      secretName: "oidc.harbor",
      secretKey: "HARBOR",
    };
    const { login } = settingsOf(treeOf({ client }, { gitops: { folder: "rendered" } }), secretKeys);
    expect(JSON.stringify(login)).not.toContain("contexts");
    expect(await plain({ login } as never)).toMatchObject({ login: { client } });
    const existing = { mode: "existing", id: "1234.apps.example.com", secret: "Of-The-Client-7" };
    const given = settingsOf(treeOf({ client: existing }), secretKeys).login;
    expect(JSON.stringify(given)).not.toContain(existing.secret);
    expect(await plain({ login: given } as never)).toMatchObject({ login: { client: existing } });
  });

  test.each([
    ["viewer", "guest"],
    ["maintainer", "maintainer"],
    ["admin", "projectadmin"],
    ["developer", "developer"],
    ["guest", "guest"],
    ["limitedguest", "limitedguest"],
    ["projectadmin", "projectadmin"],
  ])("a %s is Harbor's %s", (role, harbors) => {
    expect(settingsOf(treeOf({ members: [{ group: "g", role }] })).login?.members).toEqual([
      { group: "g", role: harbors },
    ]);
  });

  test("the issuer keeps its slash, and may be plain on loopback", () => {
    for (const issuer of ["https://dex.example.com/", "http://127.0.0.1:5556/dex", "http://localhost:5556"])
      expect(settingsOf(treeOf({ issuer })).login?.issuer).toBe(issuer);
  });

  test("groups may have several projects, and a project several groups", () => {
    const members = [
      { group: "a", role: "viewer", projects: ["proxy.docker.io", "platform"] },
      { group: "a", role: "admin", projects: ["proxy.quay.io"] },
      { group: "b", role: "viewer" },
    ];
    const login = settingsOf(treeOf({ members }, { projects: [{ name: "platform" }] })).login;
    expect(login?.members.map(({ projects }) => projects)).toEqual([
      ["proxy.docker.io", "platform"],
      ["proxy.quay.io"],
      undefined,
    ]);
  });

  test("a filter in Go's words is taken", () => {
    const members = [{ group: "Harbor-Admins", role: "admin" }];
    for (const groupFilter of ["(?i)^harbor-", "^(?P<team>Harbor|Cache)-"])
      expect(settingsOf(treeOf({ groupFilter, members })).login?.groupFilter).toBe(groupFilter);
  });
});

describe("what is wrong", () => {
  test.each<[Tree, string]>([
    [{ issuer: "http://dex.example.com" }, "issuer: "],
    [{ issuer: "dex.example.com" }, "issuer: "],
    [{ issuer: "https://dex.example.com/.well-known/openid-configuration" }, "issuer: "],
    [{ scope: "profile,email" }, "scope: "],
    [{ scope: "openid profile" }, "scope: "],
    [{ groupFilter: "^(harbor" }, "groupFilter: "],
    [{ groupFilter: "(?!x)" }, "groupFilter: "],
  ])("%j is refused, with an example of right", (login, start) => {
    const [error = "", ...others] = wrong(login);
    expect(others).toEqual([]);
    expect(error).toContain("; for example: ");
    expect(error.slice(0, start.length)).toBe(start);
  });

  test.each<[Tree, string]>([
    [{ client: undefined }, "client: is missing; for example: { mode: oauth2client }"],
    [{ client: { mode: "crd" } }, 'client.mode: "crd" is not known; one of: oauth2client, secret, existing'],
    [
      { client: { mode: "oauth2client", secretName: "x" } },
      "client.secretName: is no setting; known here: mode, id, name, kubeconfig, kubeconfigFile, context, namespace",
    ],
    [
      { client: { mode: "oauth2client", id: "größe" } },
      'client.id: "größe" must be 1 to 150 ASCII characters without blanks; for example: harbor-cache-oidc-dex',
    ],
    [
      { client: { mode: "oauth2client", kubeconfigFile: "kube/config" } },
      'client.kubeconfigFile: "kube/config" must be an absolute path, or begin with ~/; for example: ~/.kube/config',
    ],
    [
      { client: { mode: "oauth2client", namespace: "Dex" } },
      'client.namespace: "Dex" is not a namespace\'s name; for example: dex',
    ],
    [
      { client: { mode: "existing", id: "harbor" } },
      "client.secret: is missing; for example: pulumi config set --secret --path, which asks for the value",
    ],
    [
      { members: [{ group: "g", role: "owner" }] },
      'members[0].role: "owner" is not known; one of: viewer, maintainer, admin, developer, guest, limitedguest, projectadmin',
    ],
    [
      { members: [{ group: "g", role: "viewer", projects: [] }] },
      "members[0].projects: must name a project, or be left out; for example: [proxy.docker.io]",
    ],
    [
      { members: [{ group: "g", role: "viewer", projects: ["proxy.dockr.io"] }] },
      "members[0].projects[0]: is no project of this stack; did you mean proxy.docker.io?",
    ],
    [
      { members: [{ group: "g", role: "viewer", projects: ["other"] }] },
      "members[0].projects[0]: is no project of this stack; one of: proxy.docker.io, proxy.quay.io",
    ],
    [
      {
        members: [
          { group: "g", role: "viewer" },
          { group: "g", role: "admin", projects: ["proxy.quay.io"] },
        ],
      },
      "members[1].group: has a role in proxy.quay.io by harbor-cache:login.members[0] already: name a group once for each project",
    ],
    [
      { members: [{ group: "g", role: "viewer", projects: ["proxy.quay.io", "proxy.quay.io"] }] },
      "members[0].group: has a role in proxy.quay.io by harbor-cache:login.members[0] already: name a group once for each project",
    ],
    [
      { groupFilter: "^harbor-", members: [{ group: "ops", role: "admin" }] },
      "members[0].group: is left out by login.groupFilter, and Harbor would never see it; for example: groupFilter: ^ops$",
    ],
    [
      { autoOnboard: true },
      "userClaim: is missing with autoOnboard: Harbor would take the claim name, which need not be unique; for example: preferred_username",
    ],
    [
      { extraRedirectParameters: ["a"] },
      "extraRedirectParameters: must be a mapping of texts; for example: { prompt: consent }",
    ],
    [
      { extraRedirectParameters: { "a b": "c" } },
      "extraRedirectParameters: must have names of letters, digits, _ . and -; for example: { prompt: consent }",
    ],
  ])("%j is refused", (login, problem) => {
    expect(wrong(login)).toEqual([problem]);
  });

  test("values for dex's chart need a folder to go to", () => {
    expect(errorsOf(treeOf({ client: { mode: "secret" } }))).toEqual([
      "harbor-cache:gitops.folder: is missing with login.client.mode secret: the values for dex's chart are written there; for example: rendered/prod",
    ]);
  });

  test.each([
    ["rubbish: [", undefined, "is not a kubeconfig: its contexts and clusters are wanted"],
    ["a: b", undefined, "is not a kubeconfig: its contexts and clusters are wanted"],
    [kubeconfig, "three", "has no context three"],
    [kubeconfig.replace("current-context: one", ""), undefined, "has no current-context: give context"],
    [
      kubeconfig.replace("current-context: one", "current-context: gone"),
      undefined,
      "has no context of its current-context's name",
    ],
  ])("the kubeconfig %j with context %j", (contents, context, problem) => {
    const client = { mode: "oauth2client", kubeconfig: contents, ...(context !== undefined && { context }) };
    expect(wrong({ client }, secretKeys)).toEqual([`client.kubeconfig: ${problem}`]);
  });

  test("both kinds of kubeconfig at once", () => {
    const client = { mode: "oauth2client", kubeconfig, kubeconfigFile: "~/.kube/config" };
    expect(wrong({ client }, secretKeys)).toEqual([
      "client.kubeconfig: can't be given beside kubeconfigFile: leave one of them out",
    ]);
  });

  test("what a wrong registry would be called is not guessed", () => {
    const members = [{ group: "g", role: "viewer", projects: ["proxy.quay.io"] }];
    const errors = errorsOf(treeOf({ members }, { registries: ["docker.io", "quay.io/"] }), secretKeys);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^harbor-cache:registries\[1\]/);
  });

  test.each([
    { client: { mode: "existing", id: "harbor", secret: "Of-The-Client-7" } },
    { client: { mode: "oauth2client", kubeconfig: "Of-The-Client-7" } },
  ])("a secret in clear text is refused and not shown", (login) => {
    const errors = errorsOf(treeOf(login)).join("\n");
    expect(errors).toMatch(
      /login\.client\.(secret|kubeconfig): is a secret in clear text; this encrypts it: pulumi config set --secret --path/,
    );
    expect(errors).not.toContain("Of-The-Client-7");
  });
});
