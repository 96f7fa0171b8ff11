import { hasOwnBody, pipeOf } from "../body.ts";
import { type Copy, copied } from "../copied.ts";
import type { Exchange } from "../exchange.ts";
import { originHeaders } from "../forward/headers.ts";
import { subrequest } from "../forward/subrequest.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter, Site } from "./filter.ts";

const TIMEOUT_MS = 30_000; // for so long a Worker goes on after its answer
const MOST_BEHIND_BYTES = 1024 * 1024;

/** Sends a copy of the request elsewhere, in the background. The request itself never waits for it. */
export function mirror(settings: SettingsOf<"mirror">, site: Site): Filter {
  return async (exchange, next) => {
    if (!settings.body || !hasOwnBody(exchange)) {
      send(settings, site, exchange, undefined);
      return next(exchange);
    }
    const { body, copy } = copied(exchange.body, MOST_BEHIND_BYTES);
    send(settings, site, exchange, copy);
    return next({ ...exchange, body });
  };
}

function send(settings: SettingsOf<"mirror">, site: Site, exchange: Exchange, copy: Copy | undefined): void {
  const { target, host } = settings;
  const foreign = target.via === "internet";
  // What the policies add for the origin is no business of strangers, and neither is who the client is.
  const headers = originHeaders(foreign ? { ...exchange, originHeaders: [] } : exchange);
  for (const name of foreign ? ["Cookie", "Authorization", "Upgrade"] : ["Upgrade"]) headers.delete(name);
  const length = headers.get("Content-Length");
  if (!copy) headers.delete("Content-Length");
  const body = copy?.body.pipeThrough(pipeOf(length)) ?? null;
  const { method } = exchange.request;
  const asked = { method, headers, body, host, timeoutMs: TIMEOUT_MS, ...(copy && { signal: copy.givenUp }) };
  exchange.platform.aside(async () => {
    const response = await subrequest(exchange, site, target, asked).catch(() => undefined);
    await response?.body?.cancel();
  });
}
