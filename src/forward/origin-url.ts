import type { Exchange } from "../request/exchange.ts";
import { buildRecordName, findZone } from "../rules/hosts.ts";
import { PROXIED_PORTS } from "../rules/proxied-ports.ts";
import type { Address, Backend } from "../rules/snapshot.ts";

/** The URL and DNS record to fetch, to reach an address with a request's Host. */
export interface OriginUrl {
  readonly url: string;
  readonly resolveOverride: string | undefined;
  /** The Host header that the origin receives, and the one that ingress-nginx would send. */
  readonly fetchedHost: string;
  readonly clientHost: string;
}

/**
 * Builds the URL with the client's host, because Cloudflare derives Host from it. `resolveOverride` sets the address,
 * by a record in the same zone. For a host outside of the zones (an address, for example) the URL has the record itself.
 */
export function buildOriginUrl(
  exchange: Exchange,
  { scheme, port }: Backend,
  { record }: Address,
): OriginUrl | undefined {
  const zone = findZone(exchange.originHost ?? exchange.host, exchange.zones);
  const anyZone = zone ?? exchange.zones[0];
  if (anyZone === undefined) return undefined;
  const name = buildRecordName(record, anyZone);
  const host = zone === undefined ? name : (exchange.originHost ?? exchange.host);
  const isDefaultPort = port === PROXIED_PORTS[scheme][0];
  const fetchedHost = isDefaultPort ? host : `${host}:${port}`;
  return {
    url: `${scheme}://${fetchedHost}${exchange.originPath}${exchange.query}`,
    resolveOverride: zone === undefined ? undefined : name,
    fetchedHost,
    // Without a port, the origin's redirects may go to the host for another reason.
    clientHost: zone !== undefined && isDefaultPort ? fetchedHost : (exchange.originHost ?? exchange.hostHeader),
  };
}
