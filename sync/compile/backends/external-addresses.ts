import ipaddr from "ipaddr.js";
import type { Service } from "../../collect/cluster-model.ts";

/** A limit, because each address is a DNS record in every zone that needs it. */
export const MAX_ADDRESSES = 256;

/**
 * Returns the external addresses of a Service: `spec.externalIPs`, else the load balancer's; at most `MAX_ADDRESSES`.
 */
export function listExternalAddresses({ externalIPs, loadBalancer }: Service): readonly string[] {
  return (externalIPs.length > 0 ? externalIPs : loadBalancer).slice(0, MAX_ADDRESSES);
}

/** Returns an address in its canonical spelling; undefined if it is invalid. Names are valid if `allowsName`. */
export function canonicalizeAddress(address: string, allowsName: boolean): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address;
  if (ipaddr.IPv6.isValid(address) && !address.includes("%")) return ipaddr.IPv6.parse(address).toString();
  return allowsName && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(address) ? address.toLowerCase() : undefined;
}
