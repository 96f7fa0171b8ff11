import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { createIpMatcher } from "../../../../src/rules/addresses.ts";
import { CLOUDFLARE_RANGES } from "../../../../src/rules/cloudflare-ranges.ts";
import type { ErrorReply } from "../api-types.ts";
import { dnsErrors } from "./dns-errors.ts";
import type { LocalRecord, RecordRules } from "./record-model.ts";
import { canonicalizeHostname } from "./record-names.ts";

export const RECORD_TYPES =
  "A AAAA CAA CERT CNAME DNSKEY DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SMIMEA SRV SSHFP SVCB TLSA TXT URI".split(" ");
const PROXIABLE_TYPES = ["A", "AAAA", "CNAME"];
const HOST_TYPES = ["CNAME", "NS", "MX", "PTR"];
const MAX_CONTENT_BYTES = 4096;

/** Whether records of a type can be proxied. */
export function isProxiableType(type: string): boolean {
  return PROXIABLE_TYPES.includes(type);
}

/** Returns the content as the API does: IPv6 in its canonical form, names in lower case and Punycode. */
export function canonicalizeContent(type: string, content: unknown): string | ErrorReply {
  if (typeof content !== "string" || content === "") return dnsErrors.invalidField("content");
  if (Buffer.byteLength(content) > MAX_CONTENT_BYTES) return dnsErrors.contentTooLong();
  if (type === "A") return isIPv4(content) ? content : dnsErrors.invalidIpv4();
  if (type === "AAAA") return isIPv6(content) ? canonicalizeIpv6(content) : dnsErrors.invalidIpv6();
  if (!HOST_TYPES.includes(type)) return content;
  if (isIPv4(content)) return dnsErrors.invalidTarget(type);
  return canonicalizeHostname(content) ?? dnsErrors.invalidTarget(type);
}

function canonicalizeIpv6(content: string): string {
  const address = ipaddr.IPv6.parse(content);
  return address.isIPv4MappedAddress() ? `::ffff:${address.toIPv4Address()}` : address.toRFC5952String();
}

/** Private and special addresses. Cloudflare does not proxy to them. */
const isPrivateAddress = createIpMatcher([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ...["198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96"],
  ...["2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"],
]);
const isCloudflareAddress = createIpMatcher(CLOUDFLARE_RANGES);
/** Addresses of Cloudflare's public resolver. */
const RESOLVERS = ["1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"];

/** Returns why a record cannot be proxied. */
export function findProxyProblem(
  { type, content, proxied }: Pick<LocalRecord, "type" | "content" | "proxied">,
  { acceptsAnyAddress = false, rejectedAddresses = [] }: RecordRules,
): ErrorReply | undefined {
  if (!proxied) return undefined;
  if (!isProxiableType(type)) return dnsErrors.typeNotProxiable();
  if (type === "CNAME" || acceptsAnyAddress) return undefined;
  if (RESOLVERS.includes(content) || isCloudflareAddress(content) || rejectedAddresses.includes(content))
    return dnsErrors.addressNotAllowed(type, content);
  const isMapped = content.startsWith("::ffff:"); // the matcher reads it as IPv4
  return isMapped || isPrivateAddress(content) ? dnsErrors.addressNotProxiable() : undefined;
}
