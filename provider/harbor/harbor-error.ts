/** What goes wrong between us and Harbor. No message holds a request's body or its credentials. */

/** Harbor answered with an error. */
export class HarborError extends Error {
  readonly status: number;
  /** Harbor's own words; empty where it said none. */
  readonly reason: string;

  constructor(request: string, status: number, reason: string) {
    super(
      `Harbor answered ${status} to ${request}${reason === "" ? "" : `: ${reason.replace(/\.$/, "")}`}.${advice(status, reason)}`,
    );
    this.name = "HarborError";
    this.status = status;
    this.reason = reason;
  }
}

/** No answer came, or one that may be another's than Harbor's: what was asked may be done or not. */
export class ConnectionError extends Error {
  /** False where another try can't help: a certificate, a redirect, a name that doesn't exist. */
  readonly transient: boolean;

  constructor(message: string, transient: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = "ConnectionError";
    this.transient = transient;
  }
}

export function isStatus(error: unknown, ...statuses: number[]): error is HarborError {
  return error instanceof HarborError && statuses.includes(error.status);
}

/** Harbor took the request, or nobody did, and no answer came in time. */
export function isTimeout(error: unknown): error is ConnectionError {
  return (
    error instanceof ConnectionError && error.cause instanceof Error && error.cause.name === "TimeoutError"
  );
}

function advice(status: number, reason: string): string {
  if (status === 401) {
    return " The provider's username or password is wrong: Harbor's first password counts at its first start only, later it is what was set in Harbor. A robot account that was deleted in Harbor is made anew by the next pulumi up after a refresh, one whose secret was changed there by pulumi up --replace URN (pulumi stack --show-urns).";
  }
  if (status !== 403) return "";
  if (reason.includes("read only mode")) {
    return " Switch it off in Harbor's system settings (readOnly: false of SystemSettings), then run this again.";
  }
  // Harbor says no more than who was refused.
  return " The provider's user may not do this: a robot account needs the permission for it, and Harbor's settings, its users and changes of robot accounts need a system administrator.";
}

const TLS = /CERT|SELF_SIGNED|UNABLE_TO|SSL|TLS/;
const TRANSIENT =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|CLOSED|ABORTED))/;

/** Did the connection break in a way that another try may mend? */
export function isBroken(error: Error): boolean {
  return error.name === "TimeoutError" || TRANSIENT.test(codeOf(error));
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** What the network layer threw, for people. */
export function connectionError(origin: string, request: string, error: unknown): ConnectionError {
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = codeOf(cause);
  const what = `Harbor at ${origin} gave no answer to ${request}`;
  if (cause.name === "TimeoutError") {
    return new ConnectionError(`${what} in time (the provider's requestTimeout).`, true, cause);
  }
  if (TLS.test(code)) {
    const remedy =
      "Give the CA that signed Harbor's certificate as the provider's caCertificate, and a url whose host is in the certificate.";
    return new ConnectionError(
      `${what}: its certificate is not trusted (${cause.message}). ${remedy}`,
      false,
      cause,
    );
  }
  const reason = cause.message === "" ? code : cause.message;
  return new ConnectionError(
    `${what}: ${reason}. Is Harbor running, and is the url right?`,
    isBroken(cause),
    cause,
  );
}
