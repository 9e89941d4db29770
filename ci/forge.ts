/** The comments of one pull request on GitHub, or one merge request on GitLab. */
import { setTimeout as sleep } from "node:timers/promises";

import * as z from "zod";

const TIMEOUT_MS = 30_000;
const TRIES = 4;
const PER_PAGE = 100;
/** A request with more comments than this has other problems. */
const MOST_PAGES = 50;

export interface Forge {
  /** URL of the comments, without query. */
  readonly comments: string;
  /** URL of one comment. */
  readonly comment: (id: number) => string;
  readonly edit: "PATCH" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  /** Who writes them: somebody else may quote ours. */
  readonly author: string;
}

const variables = z.object({
  GITHUB_API_URL: z.string().optional(),
  GITHUB_REPOSITORY: z.string().optional(),
  GITHUB_TOKEN: z.string().optional(),
  PULL_REQUEST: z.string().optional(),
  CI_API_V4_URL: z.string().optional(),
  CI_PROJECT_ID: z.string().optional(),
  CI_MERGE_REQUEST_IID: z.string().optional(),
  NOTES_TOKEN: z.string().optional(),
  NOTES_AUTHOR: z.string().optional(),
});

/** Undefined where the job runs for no pull request. */
export function forgeOf(environment: unknown): Forge | undefined {
  const env = variables.parse(environment);
  const must = (name: keyof typeof env) => {
    const value = env[name];
    if (value === undefined || value === "") throw new Error(`${name} is not set: the job must give it`);
    return value;
  };
  if (env.PULL_REQUEST !== undefined && env.PULL_REQUEST !== "") {
    const issues = `${must("GITHUB_API_URL")}/repos/${must("GITHUB_REPOSITORY")}/issues`;
    return {
      comments: `${issues}/${env.PULL_REQUEST}/comments`,
      comment: (id) => `${issues}/comments/${id}`,
      edit: "PATCH",
      headers: { authorization: `Bearer ${must("GITHUB_TOKEN")}`, accept: "application/vnd.github+json" },
      author: "github-actions[bot]",
    };
  }
  if (env.CI_MERGE_REQUEST_IID !== undefined && env.CI_MERGE_REQUEST_IID !== "") {
    const notes = `${must("CI_API_V4_URL")}/projects/${must("CI_PROJECT_ID")}/merge_requests/${env.CI_MERGE_REQUEST_IID}/notes`;
    return {
      comments: notes,
      comment: (id) => `${notes}/${id}`,
      edit: "PUT",
      headers: { "private-token": must("NOTES_TOKEN") },
      author: must("NOTES_AUTHOR"),
    };
  }
  return undefined;
}

const page = z.array(
  z.object({
    id: z.number(),
    body: z.string().nullish(),
    // GitHub says user.login, GitLab author.username.
    user: z.object({ login: z.string() }).nullish(),
    author: z.object({ username: z.string() }).nullish(),
  }),
);

/** Edits the comment that begins with the marker, or writes it. */
export async function writeComment(
  forge: Forge,
  marker: string,
  body: string,
): Promise<"edited" | "written"> {
  const id = await findComment(forge, marker);
  if (id === undefined) await call(forge, "POST", forge.comments, { body });
  else await call(forge, forge.edit, forge.comment(id), { body });
  return id === undefined ? "written" : "edited";
}

async function findComment(forge: Forge, marker: string): Promise<number | undefined> {
  for (let number = 1; number <= MOST_PAGES; number++) {
    const found = page.parse(
      await call(forge, "GET", `${forge.comments}?per_page=${PER_PAGE}&page=${number}`),
    );
    const ours = found.find(
      ({ body, user, author }) =>
        (user?.login ?? author?.username) === forge.author && body?.startsWith(marker) === true,
    );
    if (ours !== undefined) return ours.id;
    if (found.length < PER_PAGE) return undefined;
  }
  return undefined;
}

async function call({ headers }: Forge, method: string, url: string, body?: object): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const said = await send(headers, method, url, body);
    if (said.status >= 200 && said.status < 300) return JSON.parse(said.text);
    const maybeLater = said.status === 429 || said.status >= 500 || said.status === 0;
    // A POST that got lost may have been done: a second comment would be worse than none.
    if (!maybeLater || method === "POST" || attempt === TRIES)
      throw new Error(
        `${method} ${url} was answered by ${said.status || "nothing"}: ${said.text.slice(0, 300)}`,
      );
    await sleep(1000 * 2 ** (attempt - 1));
  }
}

async function send(headers: Forge["headers"], method: string, url: string, body?: object) {
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    return { status: 0, text: error instanceof Error ? error.message : String(error) };
  }
}
