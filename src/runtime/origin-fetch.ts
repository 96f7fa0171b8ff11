/** A fetch of the edge. It does not follow redirects, does not cache and does not decode bodies. */
export interface OriginFetchInit {
  readonly method?: string;
  readonly headers: Headers;
  /** Undefined if the fetched request has a body. */
  readonly body?: ReadableStream | ArrayBuffer | null;
  readonly signal: AbortSignal;
  /** The DNS record to connect to, instead of the URL's host. */
  readonly resolveOverride: string | undefined;
}

/** Whether a fetch was rejected, because the request has used all subrequests of the plan. */
export function isSubrequestLimit(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Too many subrequests");
}

export function fetchOrigin(
  input: string | Request,
  { resolveOverride, ...options }: OriginFetchInit,
): Promise<Response> {
  const init = {
    ...options,
    redirect: "manual",
    // Else reading a gzip or br body would decode it, and sending it would encode it with other bytes.
    encodeResponseBody: "manual",
    // `cache: "no-store"` would add request headers.
    cf: { cacheTtlByStatus: { "100-599": -1 }, ...(resolveOverride !== undefined && { resolveOverride }) },
  };
  // The cast: only the types of Workers have these two, and this file is also compiled with the types of Node.
  return fetch(input, init as RequestInit);
}
