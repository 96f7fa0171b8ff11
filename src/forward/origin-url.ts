import type { Exchange } from "../request/exchange.ts";
import { buildRecordName, findZone } from "../rules/hosts.ts";
import { PROXIED_PORTS } from "../rules/proxied-ports.ts";
import type { Address, Backend } from "../rules/snapshot.ts";

/** What a Worker fetches to reach an address with a request's Host. */
export interface OriginUrl {
  readonly url: string;
  readonly resolveOverride: string | undefined;
}

/**
 * The URL is the client's own, since Cloudflare derives Host from it; where to connect is said by the name of a record in
 * the same zone. A host in no zone of ours (an address, say) can't be kept: then the record itself is asked for.
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
  const authority = port === PROXIED_PORTS[scheme][0] ? host : `${host}:${port}`;
  return {
    url: `${scheme}://${authority}${exchange.originPath}${exchange.query}`,
    resolveOverride: zone === undefined ? undefined : name,
  };
}
