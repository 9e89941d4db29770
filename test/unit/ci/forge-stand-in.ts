/** Stand-in for the comments of one request on GitHub or GitLab: keeps them, and what it was asked. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Comment {
  id: number;
  body: string;
  user?: { login: string };
  author?: { username: string };
}

export interface ForgeStandIn extends AsyncDisposable {
  readonly url: string;
  readonly comments: Comment[];
  /** `METHOD /path?query`, in the order they came. */
  readonly asked: string[];
  /** Headers of the last request. */
  headers: Record<string, unknown>;
  /** Answers the next request of that method with that code instead. */
  readonly failures: { method: string; code: number }[];
}

/** `path` is that of the request's comments; `edit` the path of one, without its number. */
export async function forgeStandIn(
  path: string,
  edit: string,
  method: "PATCH" | "PUT",
): Promise<ForgeStandIn> {
  const comments: Comment[] = [];
  const asked: string[] = [];
  const failures: ForgeStandIn["failures"] = [];
  const server = createServer((request, response) => {
    const answer = (code: number, body: unknown) => {
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    standIn.headers = request.headers;
    void text(request).then((sent) => {
      const at = failures.findIndex((one) => one.method === request.method);
      const [failure] = at < 0 ? [] : failures.splice(at, 1);
      const url = new URL(request.url ?? "", "http://localhost");
      const body = sent === "" ? "" : (JSON.parse(sent) as { body: string }).body;
      const id = Number(url.pathname.slice(edit.length));
      const found = comments.find((comment) => comment.id === id);
      if (failure !== undefined) answer(failure.code, { message: "not now" });
      else if (request.method === "GET" && url.pathname === path) {
        const count = Number(url.searchParams.get("per_page"));
        const start = (Number(url.searchParams.get("page")) - 1) * count;
        answer(200, comments.slice(start, start + count));
      } else if (request.method === "POST" && url.pathname === path) {
        const made = { id: 1000 + comments.length, body };
        comments.push(made);
        answer(201, made);
      } else if (request.method === method && url.pathname.startsWith(edit) && found !== undefined) {
        found.body = body;
        answer(200, found);
      } else answer(404, { message: "Not Found" });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const standIn: ForgeStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments,
    asked,
    failures,
    headers: {},
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return standIn;
}
