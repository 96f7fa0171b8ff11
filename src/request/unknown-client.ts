import { NO_CLIENT_CERTIFICATE } from "./client-certificate.ts";
import type { Exchange, SubrequestCaller } from "./exchange.ts";

const CALLER_PREFIX = "namespace ";

/**
 * Returns a subrequest of another namespace as the request of an unknown client: without certificate, without address and
 * without the headers that identify the visitor. The caller's namespace replaces the address, so that each caller has its
 * own rate limit. No list of addresses contains it.
 */
export function asUnknownClient(exchange: Exchange, { namespace, identityHeaders }: SubrequestCaller): Exchange {
  const { url, method, signal } = exchange.request;
  const headers = new Headers(exchange.request.headers);
  for (const name of [...identityHeaders, "X-Forwarded-For"]) headers.delete(name);
  return {
    ...exchange,
    request: new Request(url, { method, headers, signal }),
    clientIp: CALLER_PREFIX + namespace,
    readClientCertificate: () => NO_CLIENT_CERTIFICATE,
  };
}

/** Whether the client has an address. An unknown client of a subrequest has none. */
export function hasClientAddress({ clientIp }: Exchange): boolean {
  return !clientIp.startsWith(CALLER_PREFIX);
}
