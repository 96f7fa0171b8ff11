/** The answer to a request: the Service that got it, with the request's path and Host, or the status and redirect. */
export type Answer =
  | { readonly backend: string; readonly path: string; readonly host: string }
  | { readonly status: number; readonly location?: string };

export interface ResponseWithBody {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Reads the response of an echo origin, or of a proxy before it. */
export function readAnswer({ status, headers, body }: ResponseWithBody): Answer {
  if (headers["x-echo-backend"] !== undefined) {
    const { backend, path, headers } = JSON.parse(body) as { backend: string; path: string; headers: { host: string } };
    return { backend, path, host: headers.host };
  }
  return { status, ...(typeof headers.location === "string" && { location: headers.location }) };
}

/**
 * Describes an answer to `url` in the words of a statement of lint: a Host if the statement has one, the backend with the
 * path if it was rewritten, or the status with the redirect.
 */
export function describeAnswer(answer: Answer, url: string, statement: string): string {
  if (!("backend" in answer)) return [answer.status, ...(answer.location ? [answer.location] : [])].join(" ");
  if (statement.startsWith("Host: ")) return `Host: ${answer.host}`;
  return url.endsWith(answer.path) ? answer.backend : `${answer.backend} ${answer.path}`;
}
