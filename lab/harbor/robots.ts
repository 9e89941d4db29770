/** Robot accounts: their names and secrets, and what each may do. */
import { createHash, randomBytes } from "node:crypto";
import type { Permission } from "./api/call.ts";
import { HarborError } from "./harbor-error.ts";
import type { Robot, State } from "./store.ts";

/** The full name: the prefix is a setting, and changes the names of robots that are there. */
export function robotName({ settings }: State, robot: Robot): string {
  return settings.robot_name_prefix + robot.name;
}

/** The robot of that full name and secret; not one that is disabled or whose time is over. */
export function robotLogin(state: State, now: string, name: string, secret: string): Robot | undefined {
  return state.robots.find(
    (robot) =>
      robotName(state, robot) === name &&
      robot.secretHash === hash(secret, robot.salt) &&
      !robot.disabled &&
      (robot.expiresAt === -1 || robot.expiresAt * 1000 > Date.parse(now)),
  );
}

/** Whether it was given the permission for this project, or for the system: `/`. */
export function robotMay(
  robot: Robot,
  kind: "system" | "project",
  namespace: string,
  permission: Permission,
): boolean {
  return robot.permissions.some(
    (given) =>
      given.kind === kind &&
      ["*", namespace].includes(given.namespace) &&
      given.access.some(({ resource, action }) => `${resource}:${action}` === permission),
  );
}

/** Throws Harbor's 400 where a robot must not have this secret. */
export function checkSecret(secret: string): void {
  if (/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,128}$/s.test(secret)) return;
  throw new HarborError(
    400,
    "the secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number",
  );
}

/** 32 letters and digits. */
export function newSecret(): string {
  const text = randomBytes(64)
    .toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "");
  return `${text.slice(0, 29)}aA1`;
}

/** How a secret is kept. */
export function sealed(secret: string): Pick<Robot, "salt" | "secretHash"> {
  const salt = randomBytes(16).toString("hex");
  return { salt, secretHash: hash(secret, salt) };
}

// Random secrets need no slow hash.
function hash(secret: string, salt: string): string {
  return createHash("sha256").update(`${salt}\0${secret}`).digest("hex");
}
