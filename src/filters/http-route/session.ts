import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { readCookie } from "../../request/nginx-variables.ts";
import { withHeader } from "../../request/response.ts";
import type { WeightedBackendsSettings } from "../../rules/policies/weighted-backends.ts";
import { affinity } from "../affinity.ts";
import { findAffinityRecord, formatAffinityCookie } from "../affinity-cookie.ts";

type Session = NonNullable<WeightedBackendsSettings["session"]>;

/** Returns the text that names the backend and address of the client's session. */
export function readSessionToken(exchange: Exchange, { type, name }: Session): string | undefined {
  return type === "cookie" ? readCookie(exchange, name) : (exchange.request.headers.get(name) ?? undefined);
}

/** Prefers the address of the client's session, and begins a session if the client has none or its address failed. */
export function createSessionFilter({ type, name, maxAgeS }: Session, hostContext: HostContext): Filter {
  if (type === "header") return keepHeaderSession(name, hostContext);
  return affinity(
    {
      cookie: name,
      path: "/",
      ...(maxAgeS !== undefined && { maxAge: maxAgeS }),
      sameSiteNoneWhereKnown: false,
      secure: false,
      changeOnFailure: true,
    },
    hostContext,
  );
}

function keepHeaderSession(name: string, { rules }: HostContext): Filter {
  return async (exchange, next) => {
    const token = exchange.request.headers.get(name) ?? undefined;
    const preferredRecord = findAffinityRecord(rules, exchange.backend, token);
    const answer = await next({ ...exchange, preferredRecord });
    const { record, backend } = answer;
    if (record === undefined || backend === undefined) return answer;
    return withHeader(answer, name, formatAffinityCookie(record, backend));
  };
}
