/** A fetch as the edge makes it: redirects are the client's to follow, and an ingress is no cache. */
export interface OriginFetch {
  readonly method?: string;
  readonly headers: Headers;
  /** Left out where the request that is fetched brings its own. */
  readonly body?: ReadableStream | ArrayBuffer | null;
  readonly signal: AbortSignal;
  /** The DNS record to connect to, in place of the URL's own. */
  readonly resolveOverride: string | undefined;
}

export function originFetch(asked: string | Request, { resolveOverride, ...rest }: OriginFetch): Promise<Response> {
  const init = {
    ...rest,
    redirect: "manual",
    // `cache: "no-store"` would add headers to what the origin sees.
    cf: { cacheTtlByStatus: { "100-599": -1 }, ...(resolveOverride !== undefined && { resolveOverride }) },
  };
  // The cast: `cf` is known to the types of Workers, not to those of Node, where `explain` reads this code.
  return fetch(asked, init as RequestInit);
}
