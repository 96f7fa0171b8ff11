import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext } from "../request/filter.ts";
import { buildOriginHeaders } from "../request/proxy-headers.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { SubrequestTarget } from "../rules/subrequest-target.ts";
import { forwardWithCopy, type RequestCopy } from "./request-copy.ts";

const CREDENTIALS = ["Cookie", "Authorization"];

/** Sends a copy of the request to another URL in the background, without delaying the request. */
export function mirror(settings: SettingsOf<"mirror">, hostContext: HostContext): Filter {
  return async (exchange, next) =>
    forwardWithCopy(buildCopy(settings, exchange), settings.body, hostContext, exchange, next);
}

function buildCopy({ target, host }: SettingsOf<"mirror">, exchange: Exchange): RequestCopy {
  const headers = buildOriginHeaders(exchange);
  const policyHeaders = exchange.originHeaders.map(([name]) => name);
  for (const name of listOmittedHeaders(target, exchange, policyHeaders)) headers.delete(name);
  return { exchange, target, headers, host, identityHeaders: [...policyHeaders, ...CREDENTIALS] };
}

/**
 * Returns the headers that the target does not get. Headers of the policies, such as those of an authentication service,
 * never leave the namespace. Credentials of the client never leave the cluster.
 */
function listOmittedHeaders(target: SubrequestTarget, { labels }: Exchange, policyHeaders: readonly string[]) {
  switch (target.via) {
    case "internet":
      return [...policyHeaders, ...CREDENTIALS];
    case "backend":
      return target.backend.startsWith(`${labels.namespace}/`) ? [] : policyHeaders;
    case "rules":
      return []; // the matched route decides
  }
}
