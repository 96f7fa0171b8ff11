import type { Exchange } from "../request/exchange.ts";
import type { Filter, HostContext } from "../request/filter.ts";
import { buildOriginHeaders } from "../request/proxy-headers.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { createPipe, hasStreamableBody, type TeeBranch, teeWithMaxLag } from "../runtime/streams.ts";

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
  const isExternal = target.via === "internet";
  // External hosts get neither headers of the policies nor credentials of the client.
  const headers = buildOriginHeaders(isExternal ? { ...exchange, originHeaders: [] } : exchange);
  for (const name of isExternal ? ["Cookie", "Authorization", "Upgrade"] : ["Upgrade"]) headers.delete(name);
  const length = headers.get("Content-Length");
  if (!copy) headers.delete("Content-Length");
  const body = copy?.body.pipeThrough(createPipe(length)) ?? null;
  const { method } = exchange.request;
  const init = { method, headers, body, host, timeoutMs: TIMEOUT_MS, ...(copy && { signal: copy.aborted }) };
  exchange.platform.runInBackground(async () => {
    const response = await hostContext.sendSubrequest(exchange, target, init).catch(() => undefined);
    await response?.body?.cancel();
  });
}
