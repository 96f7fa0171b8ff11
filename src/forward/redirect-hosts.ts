import { splitRefresh } from "../request/refresh-header.ts";
import { type EdgeResponse, withHeaders } from "../request/response.ts";
import type { OriginUrl } from "./origin-url.ts";

const URL_AUTHORITY = /^((?:[a-z][a-z0-9+.-]*:)?\/\/)([^/?#]*)/i;

/**
 * Returns the answer with the client's host in redirects, if the origin redirects to the host or port that only the edge's
 * fetch has.
 */
export function restoreRedirectHosts(answer: EdgeResponse, { fetchedHost, clientHost }: OriginUrl): EdgeResponse {
  if (fetchedHost === clientHost) return answer;
  const { headers } = answer.response;
  const restoreUrl = (url: string) => replaceHost(url, fetchedHost, clientHost);
  const { refreshPrefix, url } = splitRefresh(headers.get("Refresh") ?? "");
  const [quote = ""] = /^["']/.exec(url) ?? [];
  const refreshUrl = restoreUrl(url.slice(quote.length));
  const restored = Object.entries({
    Location: restoreUrl(headers.get("Location") ?? ""),
    "Content-Location": restoreUrl(headers.get("Content-Location") ?? ""),
    Refresh: refreshUrl && refreshPrefix + quote + refreshUrl,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (restored.length === 0) return answer;
  const unchangedHeaders = new Headers(headers);
  const restoredAnswer = withHeaders(answer, (responseHeaders) => {
    for (const [name, value] of restored) responseHeaders.set(name, value);
  });
  return { ...restoredAnswer, unchangedHeaders };
}

/** Returns the URL with another host, or undefined if its host is not exactly `from`. */
function replaceHost(url: string, from: string, to: string): string | undefined {
  const [match, scheme = "", host = ""] = URL_AUTHORITY.exec(url) ?? [];
  return match !== undefined && host.toLowerCase() === from ? scheme + to + url.slice(match.length) : undefined;
}
