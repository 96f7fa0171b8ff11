import type { Exchange } from "../request/exchange.ts";
import { fetchOrigin } from "../runtime/origin-fetch.ts";
import { type AddressState, eject, readmit } from "./address-health.ts";
import { isCloudflareStatus } from "./cloudflare-status.ts";
import type { OriginUrl } from "./origin-url.ts";

const PROBE_TIMEOUT_MS = 5000;

/**
 * Tries an ejected address with a HEAD request of the edge, in the background, so that no request of a client fails there.
 * Any response readmits the address, except a status of Cloudflare.
 */
export function probe(exchange: Exchange, { url, resolveOverride }: OriginUrl, state: AddressState, now: number): void {
  state.ejectedUntil = now + PROBE_TIMEOUT_MS + 1000; // one probe at a time, even if this one is canceled
  exchange.platform.runInBackground(async () => {
    const isReachable = await sendProbe(url, resolveOverride);
    if (isReachable) readmit(state);
    else if (state.ejectedUntil !== 0) eject(state, Date.now()); // else a client has got a response meanwhile
  });
}

async function sendProbe(url: string, resolveOverride: string | undefined): Promise<boolean> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PROBE_TIMEOUT_MS);
  try {
    const headers = new Headers({ "User-Agent": "edgress-probe" });
    const response = await fetchOrigin(url, { method: "HEAD", headers, signal: controller.signal, resolveOverride });
    return !isCloudflareStatus(response.status);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
