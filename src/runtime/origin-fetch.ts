/** A fetch of the edge. It does not follow redirects, does not cache and does not decode bodies. */
export interface OriginFetchInit {
  /** Undefined if the fetched request has a method. */
  readonly method?: string | undefined;
  readonly headers: Headers;
  /** Undefined if the fetched request has a body. */
  readonly body?: ReadableStream | ArrayBuffer | null | undefined;
  readonly signal: AbortSignal;
  /** The DNS record to connect to, instead of the URL's host. */
  readonly resolveOverride: string | undefined;
}

// `cache: "no-store"` would add request headers.
const NO_CACHE = { cacheTtlByStatus: { "100-599": -1 } };

/** Whether a fetch was rejected, because the request has used all subrequests of the plan. */
export function isSubrequestLimit(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Too many subrequests");
}

export function fetchOrigin(
  input: string | Request,
  {
    method,
    headers,
    body,
    signal,
    resolveOverride,
  }: Omit<OriginFetchInit, "signal"> & { signal: AbortSignal | undefined },
): Promise<Response> {
  const init = {
    method,
    headers,
    body,
    signal,
    redirect: "manual",
    // Else reading a gzip or br body would decode it, and sending it would encode it with other bytes.
    encodeResponseBody: "manual",
    cf: resolveOverride === undefined ? NO_CACHE : { ...NO_CACHE, resolveOverride },
  };
  // The cast: only the types of Workers have the last two, and this file is also compiled with the types of Node.
  return fetch(input, init as RequestInit);
}
