import { type Answer, ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { aboutFailure } from "./default-backend.ts";
import type { Filter, Site } from "./filter.ts";

// What ingress-nginx tells origins of the client, but not its default backend.
const NOT_TOLD = ["X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Scheme"];
const NOT_TOLD_EITHER = ["X-Scheme", "X-Original-Forwarded-For", "X-Original-Forwarded-Host"];

/** Has the default backend answer in place of errors, and passes its answer on as it is. */
export function customErrors(settings: SettingsOf<"customErrors">, { forward }: Site): Filter {
  const codes = new Set(settings.codes);
  return async (exchange, next) => {
    const answer = await next(exchange);
    if (!codes.has(answer.response.status) || isKept(answer, settings.onlyOwn)) return answer;
    const isUnlogged = answer.isUnlogged ?? false;
    const because = `${answer.response.status} (${answer.outcome}) was replaced`;
    await answer.response.body?.cancel();
    const page =
      settings.backend === undefined
        ? ownAnswer(exchange, 404, "no-route")
        : await forward(pageRequest(exchange, answer.response.status, settings));
    return { ...page, because, isUnlogged };
  };
}

/** A closed route shows nothing but that; and what an authentication service says must reach the client. */
function isKept({ outcome, authAnswer }: Answer, onlyOwn: boolean): boolean {
  if (authAnswer || outcome === "closed") return true;
  return onlyOwn && (outcome === "routed" || outcome === "no-route");
}

/** The request for a page: of the same method and query, as nginx's, but without the body, which may be used up. */
function pageRequest(exchange: Exchange, code: number, settings: SettingsOf<"customErrors">): Exchange {
  const { rawPath, query } = exchange;
  const { url, method, headers, signal } = exchange.request;
  const request = new Request(url, { method, headers, signal });
  const originHeaders: Exchange["originHeaders"] = [
    ...[...NOT_TOLD, ...NOT_TOLD_EITHER, "Content-Length"].map((name) => [name, undefined] as const),
    ["X-Original-URI", rawPath + query],
    ...aboutFailure(exchange, code, settings),
  ];
  return {
    ...exchange,
    request,
    backend: settings.backend,
    target: "/",
    body: null,
    originHost: undefined,
    originHeaders,
  };
}
