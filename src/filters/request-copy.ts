import type { Exchange } from "../request/exchange.ts";
import type { HostContext, Next } from "../request/filter.ts";
import type { EdgeResponse } from "../request/response.ts";
import type { SubrequestTarget } from "../rules/subrequest-target.ts";
import { hasStreamableBody, type TeeBranch, teeWithMaxLag } from "../runtime/streams.ts";

const TIMEOUT_MS = 30_000; // a Worker continues for this time after its response
const MAX_LAG_BYTES = 1024 * 1024;

/** A copy of a request, without its body. */
export interface RequestCopy {
  /** The exchange that the target's variables name. */
  readonly exchange: Exchange;
  readonly target: SubrequestTarget;
  readonly headers: Headers;
  readonly host: string | undefined;
  readonly identityHeaders: readonly string[];
}

/** Forwards a request, and sends a copy in the background, without delaying the request. */
export function forwardWithCopy(
  requestCopy: RequestCopy,
  includesBody: boolean,
  hostContext: HostContext,
  exchange: Exchange,
  next: Next,
): Promise<EdgeResponse> {
  if (!includesBody || !hasStreamableBody(exchange)) {
    sendCopy(requestCopy, hostContext, undefined);
    return next(exchange);
  }
  const { body, copy } = teeWithMaxLag(exchange.body, MAX_LAG_BYTES);
  sendCopy(requestCopy, hostContext, copy);
  return next({ ...exchange, body });
}

function sendCopy(
  { exchange, target, headers, host, identityHeaders }: RequestCopy,
  hostContext: HostContext,
  copy: TeeBranch | undefined,
): void {
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
