/** Users and their passwords; a wrong one freezes its user name for a while. */
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HarborError } from "./harbor-error.ts";
import type { Store, User } from "./store.ts";

export class Accounts {
  readonly #store: Store;
  readonly #now: () => string;
  readonly #delayMs: number;
  readonly #frozenUntil = new Map<string, number>();

  constructor(store: Store, now: () => string, delayMs: number) {
    this.#store = store;
    this.#now = now;
    this.#delayMs = delayMs;
  }

  /** The user, or undefined after a wrong password; that answer takes its time, as in Harbor. */
  async login(username: string, password: string): Promise<User | undefined> {
    if ((this.#frozenUntil.get(username) ?? 0) > Date.now()) return undefined;
    const user = this.byName(username);
    if (user?.passwordHash === hash(password, user?.salt ?? "")) return user;
    this.#frozenUntil.set(username, Date.now() + this.#delayMs);
    await sleep(this.#delayMs);
    this.#frozenUntil.delete(username);
    return undefined;
  }

  byName(username: string): User | undefined {
    return this.#store.state.users.find((user) => user.username === username);
  }

  byId(id: number): User | undefined {
    return this.#store.state.users.find((user) => user.id === id);
  }

  add(details: Pick<User, "username" | "realname" | "comment" | "admin">, password: string): User {
    const salt = randomBytes(16).toString("hex");
    const at = this.#now();
    const id = this.#store.next("user");
    const user = { ...details, id, salt, passwordHash: hash(password, salt), created: at, updated: at };
    this.#store.state.users.push(user);
    return user;
  }

  /** The user's own change: the old password must be right and the new one good and different. */
  changePassword(user: User, oldPassword: string, newPassword: string): void {
    if (hash(oldPassword, user.salt) !== user.passwordHash)
      throw new HarborError(403, "Current password is incorrect");
    checkStrength(newPassword);
    if (oldPassword === newPassword) throw new HarborError(400, "New password is identical to old password");
    user.salt = randomBytes(16).toString("hex");
    user.passwordHash = hash(newPassword, user.salt);
    user.updated = this.#now();
  }
}

export function checkStrength(password: string): void {
  const good = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,128}$/s.test(password);
  if (!good) {
    throw new HarborError(
      400,
      "the password or secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number",
    );
  }
}

// Few rounds: this guards throw-away accounts of a lab, not people's.
function hash(password: string, salt: string): string {
  return pbkdf2Sync(password, salt, 1000, 32, "sha256").toString("hex");
}
