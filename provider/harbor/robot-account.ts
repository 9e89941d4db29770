/**
 * `harborcache:harbor:RobotAccount`: an account of programs, with a secret that Harbor tells once. Its id is Harbor's number.
 * A secret that isn't known, as after an import, is made anew by the next up, and so is one that is due.
 */
import { equal } from "../property-diff.ts";
import type { Properties } from "../values.ts";
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { harborObject } from "./harbor-object.ts";
import { generate } from "./password.ts";
import { bareName, findRobot, getRobot, madeRobot, type HarborRobot } from "./robot-api.ts";
import { canonical, checkLevel, projectOf, robotShape } from "./robot-inputs.ts";
import type { Seen } from "./seen.ts";
import { withoutUndefined } from "./without-undefined.ts";

const DAY = 86_400_000;
const SECRET_LENGTH = 32;

export const robotAccount = harborObject({
  type: "harborcache:harbor:RobotAccount",
  what: "robot account",
  shape: robotShape,
  rules: checkLevel,
  hidden: ["projectIds", "rotateAfterDays", "rotation"],
  outputs: ["robotId", "fullName", "secret", "secretCreatedAt"],
  secretOutputs: ["secret"],
  key: ["name"],

  // A robot never goes to another project, nor can it be renamed (quirk 43).
  replaceOn: (olds, news) =>
    news["level"] === "project" && !equal(projectOf(olds["permissions"]), projectOf(news["permissions"]))
      ? ["name", "level", "permissions"]
      : ["name", "level"],

  async find(harbor, { name, level, permissions }) {
    const robot = await findRobot(harbor, name, level === "project" ? projectOf(permissions) : undefined);
    return robot && toSeen(robot, name);
  },

  async get(harbor, id, state) {
    const robot = await getRobot(harbor, id);
    if (robot === undefined) return undefined;
    const { name } = state;
    const known =
      typeof name === "string" && isFullName(robot.name, name) ? name : await bareName(harbor, robot);
    return toSeen(robot, known);
  },

  /** Harbor's number, `name` of a system robot, or `project/name`. */
  async import(harbor, id) {
    const [name = "", project] = id.split("/").reverse();
    const robot = /^\d+$/.test(id) ? await getRobot(harbor, id) : await findRobot(harbor, name, project);
    return robot && toSeen(robot, await bareName(harbor, robot));
  },

  post: (_harbor, { name, level, description, duration, disable, permissions }) =>
    Promise.resolve({ path: "/robots", body: { name, level, description, duration, disable, permissions } }),

  made({ body }) {
    const { id, name, secret, creation_time } = madeRobot.parse(body);
    const outputs = { robotId: id, fullName: name, secret, secretCreatedAt: creation_time };
    return { id: String(id), outputs };
  },

  async put(harbor, seen, wanted, renew) {
    const { description = "", duration, disable, permissions } = wanted;
    const robot = await getRobot(harbor, seen.id);
    if (robot === undefined)
      throw new Error(`Harbor's robot account ${seen.id} is gone. Run pulumi refresh.`);
    const changed = { description, duration, disable, permissions };
    if (!equal(inputsOf(robot, wanted.name), inputsOf({ ...robot, ...changed }, wanted.name))) {
      await harbor.put(`/robots/${seen.id}`, { ...robot, ...changed });
    }
    return renew.includes("secret") ? newSecret(harbor, seen.id) : {};
  },

  due(oldInputs, oldState, newInputs) {
    const days = newInputs["rotateAfterDays"];
    const made = oldState["secretCreatedAt"];
    const age = typeof made === "string" ? Date.now() - Date.parse(made) : Infinity;
    const tooOld = typeof days === "number" && age >= days * DAY;
    const asked = !equal(oldInputs["rotation"], newInputs["rotation"]);
    return tooOld || asked || oldState["secret"] === undefined ? ["secret", "secretCreatedAt"] : [];
  },

  remove: (harbor, { id }) => harbor.delete(`/robots/${id}`),
});

/** Whatever the prefix is, which only an admin may ask for; where it ends as a name could, this one can't tell. */
const isFullName = (full: string, name: string): boolean =>
  full.endsWith(name) && /[^a-z0-9._-]$/.test(full.slice(0, -name.length));

/** Chosen here, so that asking again after a lost answer sets the same one (44). */
async function newSecret(harbor: HarborClient, id: string): Promise<Properties> {
  const secret = generate(SECRET_LENGTH);
  await harbor.patch(`/robots/${id}`, { secret }, z.object({}));
  return { secret, secretCreatedAt: new Date().toISOString() };
}

function toSeen(robot: HarborRobot, name: string): Seen {
  return {
    id: String(robot.id),
    inputs: inputsOf(robot, name),
    outputs: { robotId: robot.id, fullName: robot.name },
  };
}

function inputsOf(
  { level, description, duration, disable, permissions }: HarborRobot,
  name: string,
): Properties {
  return withoutUndefined({
    name,
    level,
    description: description === "" ? undefined : description,
    duration,
    disable,
    permissions: canonical(permissions),
  });
}
