import type { Exchange } from "../exchange.ts";
import { nameInZone, zoneOf } from "../rules/hosts.ts";
import type { Address, Backend } from "../rules/snapshot.ts";

const OWN_PORT = { http: 80, https: 443 };

/** What a Worker fetches to reach an address with a request's Host. */
export interface OriginTarget {
  readonly url: string;
  readonly resolveOverride: string | undefined;
}

/**
 * The URL is the client's own, since Cloudflare derives Host from it; where to connect is said by the name of a record in
 * the same zone. A host in no zone of ours (an address, say) can't be kept: then the record itself is asked for.
 */
export function originTarget(
  exchange: Exchange,
  { scheme, port }: Backend,
  { record }: Address,
): OriginTarget | undefined {
  const zone = zoneOf(exchange.host, exchange.zones);
  const anyZone = zone ?? exchange.zones[0];
  if (anyZone === undefined) return undefined;
  const name = nameInZone(record, anyZone);
  const host = zone === undefined ? name : exchange.host;
  const authority = port === OWN_PORT[scheme] ? host : `${host}:${port}`;
  // A backslash would become a slash in a URL, and so another path than the one that was matched.
  const path = exchange.target.replaceAll("\\", "%5C");
  return {
    url: `${scheme}://${authority}${path}${exchange.query}`,
    resolveOverride: zone === undefined ? undefined : name,
  };
}
