import type { Filter } from "../request/filter.ts";
import { splitRefresh } from "../request/refresh-header.ts";
import { withHeader } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Replaces the beginning of redirects of the origin. */
export function proxyRedirect({ from, to, isRelative }: SettingsOf<"proxyRedirect">): Filter {
  const rewriteUrl = (url: string) => (url.startsWith(from) ? to + url.slice(from.length) : undefined);
  return async (exchange, next) => {
    const answer = await next(exchange);
    if (answer.outcome !== "routed") return answer;
    const { response, unchangedHeaders = response.headers } = answer;
    const listValues = (name: string) => [response.headers, unchangedHeaders].map((headers) => headers.get(name) ?? "");
    const [location] = listValues("Location").flatMap((url) => rewriteUrl(url) ?? []);
    // nginx makes a replaced path absolute, but not the origin's.
    const origin = location?.startsWith("/") && !isRelative ? `${exchange.scheme}://${exchange.host}` : "";
    const [refresh] = listValues("Refresh").flatMap((header) => {
      const { refreshPrefix, url } = splitRefresh(header);
      const target = rewriteUrl(url);
      return target === undefined ? [] : [refreshPrefix + target];
    });
    const answerWithLocation = location === undefined ? answer : withHeader(answer, "Location", origin + location);
    return refresh === undefined ? answerWithLocation : withHeader(answerWithLocation, "Refresh", refresh);
  };
}
