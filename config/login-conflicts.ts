/** What login asks of the other settings, and its parts of each other. */
import type { Parts } from "./conflicts.ts";
import type { Reader } from "./problems.ts";
import { groupPattern, type LoginSettings } from "./schema/login.ts";
import { meant } from "./schema/value.ts";

export function checkLogin(reader: Reader, login: LoginSettings, parts: Parts): void {
  const { autoOnboard, userClaim, client } = login;
  if (autoOnboard && userClaim === undefined) {
    reader.problem(
      ["login", "userClaim"],
      "is missing with autoOnboard: Harbor would take the claim name, which need not be unique; for example: " +
        "preferred_username",
    );
  }
  if (client.mode === "secret" && parts.gitops !== undefined && parts.gitops.folder === undefined) {
    reader.problem(
      ["gitops", "folder"],
      "is missing with login.client.mode secret: the values for dex's chart are written there; for example: rendered/prod",
    );
  }
  checkMembers(reader, login, parts);
}

function checkMembers(
  reader: Reader,
  { members, groupFilter }: LoginSettings,
  { registries, projects = [] }: Parts,
): void {
  const known = [...registries.map(({ value }) => value.project), ...projects.map(({ name }) => name)];
  // Of a registry or project that is wrong in itself, the name is not known.
  const knowsAll = !reader.problems.some(({ path }) => /:(registries|projects)\b/.test(path));
  const passes = groupFilter === undefined ? undefined : groupPattern(groupFilter);
  /** Which member has it, by `project/group`: no project has a slash in its name. */
  const roles = new Map<string, number>();
  members.forEach(({ group, projects: named }, i) => {
    const path = ["login", "members", i];
    if (passes?.test(group) === false) {
      reader.problem(
        [...path, "group"],
        `is left out by login.groupFilter, and Harbor would never see it; for example: groupFilter: ^${group}$`,
      );
    }
    named?.forEach((project, j) => {
      if (!knowsAll || known.includes(project)) return;
      const near = meant(project, known);
      reader.problem(
        [...path, "projects", j],
        near === undefined
          ? `is no project of this stack; one of: ${known.join(", ")}`
          : `is no project of this stack; did you mean ${near}?`,
      );
    });
    for (const project of named ?? known) {
      const key = `${project}/${group}`;
      const first = roles.get(key);
      roles.set(key, i);
      if (first === undefined) continue;
      reader.problem(
        [...path, "group"],
        `has a role in ${project} by ${reader.at(["login", "members", first])} already: name a group once for each project`,
      );
      break;
    }
  });
}
