/** `harborcache:harbor:ProjectMemberGroup`: an OIDC group as a member of a project. Its id is `project/group`. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { harborObject } from "./harbor-object.ts";
import { projectPath } from "./project-api.ts";
import { projectShape } from "./project-inputs.ts";
import type { Seen } from "./seen.ts";
import { systemInfo } from "./system-info.ts";

const ROLES = { projectadmin: 1, developer: 2, guest: 3, maintainer: 4, limitedguest: 5 } as const;
const OIDC_GROUP = 3;

const shape = {
  project: projectShape.name,
  groupName: z.string().min(1, "must not be empty").max(255, "must have at most 255 characters"),
  role: z.enum(["projectadmin", "maintainer", "developer", "guest", "limitedguest"]),
};

export const projectMemberGroup = harborObject({
  type: "harborcache:harbor:ProjectMemberGroup",
  what: "member group",
  shape,
  outputs: [],
  replaceOn: ["project", "groupName"],
  key: ["groupName", "project"],

  find: (harbor, { project, groupName }) => seenMember(harbor, project, groupName),

  get(harbor, id) {
    const [project, group] = split(id);
    return seenMember(harbor, project, group);
  },

  async post(harbor, { project, groupName, role }) {
    const { authMode } = await systemInfo(harbor);
    if (authMode !== "oidc_auth") {
      throw new Error(
        `The group ${groupName} can't become a member of ${project}: this Harbor's login is ${authMode}, and it knows groups of ` +
          "OIDC only once that is its login. Make the OidcAuth first (dependsOn).",
      );
    }
    const group = { group_name: groupName, group_type: OIDC_GROUP };
    return { path: membersPath(project), body: { role_id: ROLES[role], member_group: group }, byName: true };
  },

  made: (_answer, { project, groupName }) => ({ id: `${project}/${groupName}`, outputs: {} }),

  async put(harbor, seen, { project, groupName, role }) {
    // A PUT of a member that is gone is a 200 (quirk 46); that it took effect is read back.
    const member = await findMember(harbor, project, groupName);
    if (member !== undefined && member.role_id !== ROLES[role]) {
      await harbor.put(`${membersPath(project)}/${member.id}`, { role_id: ROLES[role] }, true);
    }
    return seen.outputs;
  },

  async remove(harbor, seen) {
    const [project, group] = split(seen.id);
    const member = await findMember(harbor, project, group);
    if (member !== undefined) await harbor.delete(`${membersPath(project)}/${member.id}`, true);
  },
});

const members = z.array(
  z.object({ id: z.int(), entity_name: z.string(), entity_type: z.string(), role_id: z.int() }),
);

const membersPath = (project: string): string => `${projectPath(project)}/members`;

async function findMember(
  harbor: HarborClient,
  project: string,
  group: string,
): Promise<z.infer<typeof members>[number] | undefined> {
  // Page size 0 is all of them (13).
  const all = await harbor.find(`${membersPath(project)}?page_size=0`, members, true);
  return all?.find((member) => member.entity_type === "g" && member.entity_name === group);
}

async function seenMember(harbor: HarborClient, project: string, group: string): Promise<Seen | undefined> {
  const member = await findMember(harbor, project, group);
  if (member === undefined) return undefined;
  const role = Object.entries(ROLES).find(([, number]) => number === member.role_id)?.[0];
  return {
    id: `${project}/${group}`,
    inputs: { project, groupName: group, role: role ?? `role ${member.role_id}` },
    outputs: {},
  };
}

/** A group's name may hold slashes, a project's can't. */
function split(id: string): readonly [project: string, group: string] {
  const slash = id.indexOf("/");
  if (slash < 1)
    throw new Error(`'${id}' is no id of a member group: project/group, such as docker.io/viewers.`);
  return [id.slice(0, slash), id.slice(slash + 1)];
}
