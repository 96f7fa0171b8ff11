import ipaddr from "ipaddr.js";
import type { Service } from "../../collect/cluster-model.ts";

/** Each is a DNS record in every zone that needs it; and whoever writes a Service could write a hundred thousand. */
export const MAX_ADDRESSES = 256;

/** The addresses that count: `spec.externalIPs`, else the load balancer's; no more than the edge would ever try. */
export function listExternalAddresses({ externalIPs, loadBalancer }: Service): readonly string[] {
  return (externalIPs.length > 0 ? externalIPs : loadBalancer).slice(0, MAX_ADDRESSES);
}

/** An address as it is compared and published; a name where one may stand. */
export function canonicalizeAddress(address: string, allowsName: boolean): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address;
  if (ipaddr.IPv6.isValid(address) && !address.includes("%")) return ipaddr.IPv6.parse(address).toString();
  return allowsName && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(address) ? address.toLowerCase() : undefined;
}
