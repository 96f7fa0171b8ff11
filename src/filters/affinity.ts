import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext } from "../request/filter.ts";
import { readCookie } from "../request/nginx-variables.ts";
import { type EdgeResponse, withHeaders } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { findAffinityRecord, formatAffinityCookie } from "./affinity-cookie.ts";

const SAMESITE_NONE_INCOMPATIBLE = /Chrome\/[456]|CPU iPhone OS 12|iPad; CPU OS 12/;

/** Prefers the address of the client's cookie, and sets a cookie if the client has no valid one. */
export function affinity(settings: SettingsOf<"affinity">, { rules }: HostContext): Filter {
  return async (exchange, next) => {
    const { backend } = exchange;
    if (backend === undefined || backend === settings.except) return next(exchange);
    const preferredRecord = findAffinityRecord(rules, backend, readCookie(exchange, settings.cookie));
    const answer = await next({ ...exchange, preferredRecord });
    return needsCookie(answer, preferredRecord, settings) ? withCookie(answer, exchange, settings) : answer;
  };
}

/** A client whose address failed keeps its cookie, unless `changeOnFailure` is set. */
function needsCookie(
  answer: EdgeResponse,
  knownRecord: string | undefined,
  { changeOnFailure }: SettingsOf<"affinity">,
): boolean {
  return answer.record !== undefined && answer.record !== knownRecord && (knownRecord === undefined || changeOnFailure);
}

function withCookie(answer: EdgeResponse, exchange: Exchange, settings: SettingsOf<"affinity">): EdgeResponse {
  const { record, backend } = answer;
  if (record === undefined || backend === undefined) return answer;
  const { path, domain, expires, maxAge } = settings;
  const attributes = [
    `${settings.cookie}=${formatAffinityCookie(record, backend)}`,
    expires !== undefined && `Expires=${new Date(Date.now() + expires * 1000).toUTCString()}`,
    maxAge !== undefined && `Max-Age=${maxAge}`,
    domain !== undefined && `Domain=${domain}`,
    `Path=${path}`,
    (settings.secure || exchange.scheme === "https") && "Secure",
    "HttpOnly",
    formatSameSite(settings, exchange),
  ];
  const cookie = attributes.filter(Boolean).join("; ");
  return withHeaders(answer, (headers) => headers.append("Set-Cookie", cookie));
}

function formatSameSite({ sameSite, sameSiteNoneWhereKnown }: SettingsOf<"affinity">, { request }: Exchange) {
  const browser = request.headers.get("User-Agent") ?? "";
  const isOmitted = sameSite === "None" && sameSiteNoneWhereKnown && rejectsSameSiteNone(browser);
  return sameSite !== undefined && !isOmitted && `SameSite=${sameSite}`;
}

/** Source: https://www.chromium.org/updates/same-site/incompatible-clients, as ingress-nginx reads it. */
function rejectsSameSiteNone(browser: string): boolean {
  if (SAMESITE_NONE_INCOMPATIBLE.test(browser)) return true;
  if (browser.includes("Chrome") || !browser.includes("Safari")) return false;
  const start = browser.indexOf("Macintosh");
  return start >= 0 && browser.includes("Intel Mac OS X 10_14", start);
}
