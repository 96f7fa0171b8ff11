/** A fetch as the edge makes it: redirects are the client's to follow, and an ingress is no cache. */
export interface OriginFetchInit {
  readonly method?: string;
  readonly headers: Headers;
  /** Left out where the request that is fetched brings its own. */
  readonly body?: ReadableStream | ArrayBuffer | null;
  readonly signal: AbortSignal;
  /** The DNS record to connect to, in place of the URL's own. */
  readonly resolveOverride: string | undefined;
}

export function fetchOrigin(
  input: string | Request,
  { resolveOverride, ...options }: OriginFetchInit,
): Promise<Response> {
  const init = {
    ...options,
    redirect: "manual",
    // `cache: "no-store"` would add headers to what the origin sees.
    cf: { cacheTtlByStatus: { "100-599": -1 }, ...(resolveOverride !== undefined && { resolveOverride }) },
  };
  // The cast: `cf` is known to the types of Workers, not to those of Node, where `explain` reads this code.
  return fetch(input, init as RequestInit);
}
