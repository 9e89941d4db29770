/** How nodes sign in to caches that aren't public. */
import type { NodeMirror } from "./node-mirrors.ts";

/** The pull robot's. */
export interface Login {
  readonly username: string;
  readonly password: string;
  /** Both, as RFC 7617 and auth.json have them: base64 of `USERNAME:PASSWORD`. */
  readonly basic: string;
}

export function loginOf(username: string, password: string): Login {
  return { username, password, basic: Buffer.from(`${username}:${password}`).toString("base64") };
}

export function needsLogin({ sources }: NodeMirror): boolean {
  return sources.some((source) => source.needsLogin);
}

/** What is ours in an `auth.json`: a login for each project, so that those of others at the same Harbor stay. */
export function authJson(mirrors: readonly NodeMirror[], { basic }: Login): string {
  const closed = mirrors.flatMap(({ sources }) => sources.filter((source) => source.needsLogin));
  return JSON.stringify({
    auths: Object.fromEntries(closed.map(({ location }) => [location, { auth: basic }])),
  });
}
