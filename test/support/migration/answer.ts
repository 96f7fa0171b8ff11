/** The answer to a request: the Service and path that got it, or the status and redirect. */
export type Answer =
  | { readonly backend: string; readonly path: string }
  | { readonly status: number; readonly location?: string };

/** Reads a response, of an echo origin or of a proxy before it. The backend has no port. */
export function readAnswer({
  status,
  headers,
  body,
}: {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}): Answer {
  if (headers["x-echo-backend"] !== undefined) {
    const { backend, path } = JSON.parse(body) as { backend: string; path: string };
    return { backend: backend.replace(/:\d+$/, ""), path };
  }
  return { status, ...(typeof headers.location === "string" && { location: headers.location }) };
}
