import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext } from "../request/filter.ts";
import { buildOriginHeaders } from "../request/proxy-headers.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { SubrequestTarget } from "../rules/subrequest-target.ts";
import { hasStreamableBody, type TeeBranch, teeWithMaxLag } from "../runtime/streams.ts";

const CREDENTIALS = ["Cookie", "Authorization"];
const TIMEOUT_MS = 30_000; // a Worker continues for this time after its response
const MAX_LAG_BYTES = 1024 * 1024;

/** Sends a copy of the request to another URL in the background, without delaying the request. */
export function mirror(settings: SettingsOf<"mirror">, hostContext: HostContext): Filter {
  return async (exchange, next) => {
    if (!settings.body || !hasStreamableBody(exchange)) {
      sendCopy(settings, hostContext, exchange, undefined);
      return next(exchange);
    }
    const { body, copy } = teeWithMaxLag(exchange.body, MAX_LAG_BYTES);
    sendCopy(settings, hostContext, exchange, copy);
    return next({ ...exchange, body });
  };
}

function sendCopy(
  settings: SettingsOf<"mirror">,
  hostContext: HostContext,
  exchange: Exchange,
  copy: TeeBranch | undefined,
): void {
  const { target, host } = settings;
  const headers = buildOriginHeaders(exchange);
  const policyHeaders = exchange.originHeaders.map(([name]) => name);
  const identityHeaders = [...policyHeaders, ...CREDENTIALS];
  for (const name of listOmittedHeaders(target, exchange, policyHeaders)) headers.delete(name);
  headers.delete("Sec-WebSocket-Protocol");
  if (!copy) headers.delete("Content-Length");
  const body = copy?.body ?? null;
  const { method } = exchange.request;
  const init = {
    method,
    headers,
    body,
    host,
    identityHeaders,
    timeoutMs: TIMEOUT_MS,
    ...(copy && { signal: copy.aborted }),
  };
  exchange.platform.runInBackground(async () => {
    const response = await hostContext.sendSubrequest(exchange, target, init).catch(() => undefined);
    await response?.body?.cancel();
  });
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
