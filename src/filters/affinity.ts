import { cookieFor } from "../affinity-cookie.ts";
import { type Answer, withHeaders } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { cookieOf } from "../variables.ts";
import type { Filter, Site } from "./filter.ts";

// https://www.chromium.org/updates/same-site/incompatible-clients, as ingress-nginx reads it.
const TAKES_NONE_FOR_STRICT =
  /Chrome\/[456]|CPU iPhone OS 12|iPad; CPU OS 12|^(?!.*Chrome)(?=.*Safari).*Macintosh.*Intel Mac OS X 10_14/;

/** Asks the address that the client's cookie stands for, and gives it a cookie where it has none that is known. */
export function affinity(settings: SettingsOf<"affinity">, { rules }: Site): Filter {
  return async (exchange, next) => {
    const { backend } = exchange;
    if (backend === undefined || backend === settings.except) return next(exchange);
    const cookie = cookieOf(exchange, settings.cookie);
    const known = rules.backends[backend]?.addresses.find(({ record }) => cookieFor(record, backend) === cookie);
    const answer = await next({ ...exchange, address: known?.record });
    return wantsCookie(answer, known?.record, settings) ? withCookie(answer, exchange, settings) : answer;
  };
}

/** A client whose address failed keeps its cookie, unless it is to move. */
function wantsCookie(answer: Answer, known: string | undefined, { changeOnFailure }: SettingsOf<"affinity">): boolean {
  return answer.record !== undefined && answer.record !== known && (known === undefined || changeOnFailure);
}

function withCookie(answer: Answer, exchange: Exchange, settings: SettingsOf<"affinity">): Answer {
  const { record, backend } = answer;
  if (record === undefined || backend === undefined) return answer;
  const { path, domain, expires, maxAge } = settings;
  const attributes = [
    `${settings.cookie}=${cookieFor(record, backend)}`,
    expires !== undefined && `Expires=${new Date(Date.now() + expires * 1000).toUTCString()}`,
    maxAge !== undefined && `Max-Age=${maxAge}`,
    domain !== undefined && `Domain=${domain}`,
    `Path=${path}`,
    (settings.secure || exchange.scheme === "https") && "Secure",
    "HttpOnly",
    sameSiteOf(settings, exchange),
  ];
  const cookie = attributes.filter(Boolean).join("; ");
  return withHeaders(answer, (headers) => headers.append("Set-Cookie", cookie));
}

function sameSiteOf({ sameSite, sameSiteNoneWhereKnown }: SettingsOf<"affinity">, { request }: Exchange) {
  const browser = request.headers.get("User-Agent") ?? "";
  const leftOut = sameSite === "None" && sameSiteNoneWhereKnown && TAKES_NONE_FOR_STRICT.test(browser);
  return sameSite !== undefined && !leftOut && `SameSite=${sameSite}`;
}
