/** An answer of Harbor's that is an error: status, code and message of `{"errors":[{code, message}]}`. */

const CODES: Readonly<Record<number, string>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  409: "CONFLICT",
  412: "PRECONDITION",
  422: "UNPROCESSABLE_ENTITY",
  500: "UNKNOWN",
  501: "NOT_IMPLEMENTED",
};

export class HarborError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { readonly code?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = more.code ?? CODES[status] ?? "UNKNOWN";
    this.headers = more.headers ?? {};
  }
}

/** Harbor says no more than this about a failure of its own. */
export function internalError(): HarborError {
  return new HarborError(500, "internal server error");
}

/** A handler that panicked: no body at all. */
export function panic(): HarborError {
  return new HarborError(500, "");
}

/** What go-swagger answers when a parameter or a body doesn't fit. */
export function invalid(problem: string): HarborError {
  return new HarborError(422, `validation failure list:\n${problem}`);
}
