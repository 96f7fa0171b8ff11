import ipaddr from "ipaddr.js";
import { createIpMatcher } from "../../../src/rules/addresses.ts";
import { CLOUDFLARE_RANGES } from "../../../src/rules/cloudflare-ranges.ts";
import { matchesHost } from "../../../src/rules/hosts.ts";
import type { Service } from "../../collect/cluster-model.ts";
import { memoize } from "../../incremental/memoize.ts";
import { matchesNamespace, type OriginPermits } from "../../permits/model.ts";
import { listExternalAddresses } from "./external-addresses.ts";
import { isRecordName } from "./origin-record-names.ts";

/** Returns why a namespace may not use an address or load balancer name as an origin; undefined if it may. */
export type CheckOrigin = (namespace: string, address: string) => string | undefined;

// Address ranges with a special meaning inside a network, or that Cloudflare rejects. IPv6 spellings of IPv4 addresses are included.
const internalRanges = [
  { what: "loopback address", ranges: ["127.0.0.0/8", "::1"] },
  { what: "unspecified address", ranges: ["0.0.0.0/8", "::"] },
  { what: "link-local address, used for cloud metadata", ranges: ["169.254.0.0/16", "fe80::/10"] },
  { what: "private address", ranges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"] },
  { what: "shared address space", ranges: ["100.64.0.0/10"] },
  { what: "internal address of a cloud service", ranges: ["192.0.0.0/24", "168.63.129.16"] },
  { what: "multicast address", ranges: ["224.0.0.0/4", "ff00::/8"] },
  { what: "reserved or broadcast address", ranges: ["240.0.0.0/4"] },
  { what: "IPv4 address embedded in IPv6", ranges: ["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"] },
  // IPv4-translated addresses (SIIT), and IETF protocol assignments with Teredo.
  { what: "IPv4 address embedded in IPv6", ranges: ["::ffff:0:0:0/96", "2001::/23"] },
  { what: "address of a benchmark network", ranges: ["198.18.0.0/15"] },
  { what: "relay address of an IPv6 tunnel", ranges: ["192.88.99.0/24"] },
  { what: "address that discards all packets", ranges: ["100::/64"] },
  { what: "address of Cloudflare", ranges: CLOUDFLARE_RANGES },
].map(({ what, ranges }) => ({ what, contains: createIpMatcher(ranges) }));

// Names that differ on every machine, or that resolve to cloud metadata.
const INTERNAL_NAME = /(^|\.)(localhost|local|internal|localdomain|home\.arpa|svc)$/;
// "127.1" and "0x7f.1" look like names, but some resolvers read them as addresses.
const NUMERIC_NAME = /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i;

/** Whether a name, in lower case, resolves only inside a machine or a network. */
export function isInternalName(name: string): boolean {
  return INTERNAL_NAME.test(name) || !name.includes(".");
}

/** Decides which addresses may be origins, given the Services of the cluster. */
export interface OriginChecker {
  /** Takes an address in its published spelling. */
  readonly checkOrigin: CheckOrigin;
  /**
   * Returns whether each address of a Service is a cluster IP. With the Service and the permits, these decide all its
   * diagnostics.
   */
  readonly listDependencies: (service: Service) => readonly boolean[];
  /** Of all Services: while they are the same, so are all dependencies. */
  readonly clusterIPs: readonly string[];
}

export function createOriginChecker(permits: OriginPermits, services: readonly Service[]): OriginChecker {
  if (permits.type === "any") return { checkOrigin: () => undefined, listDependencies: () => [], clusterIPs: [] };
  const { list, set: clusterIPs } = collectClusterIPs(services);
  const isPermitted = permits.type === "listed" ? createPermitCheck(permits.entries) : undefined;
  return {
    clusterIPs: list,
    checkOrigin(namespace, address) {
      if (clusterIPs.has(normalizeAddress(address))) return "cluster IP of a Service";
      const nameProblem = isCanonicalIpAddress(address) ? undefined : checkName(address);
      if (nameProblem !== undefined) return nameProblem;
      if (isPermitted)
        return isPermitted(namespace, address) ? undefined : `not in the origin permits of namespace ${namespace}`;
      return internalRanges.find(({ contains }) => contains(address))?.what ?? checkMappedAddress(address);
    },
    listDependencies: (service) =>
      normalizeServiceAddresses(service).externalAddresses.map((address) => clusterIPs.has(address)),
  };
}

const collectClusterIPs = memoize((services: readonly Service[]) => {
  const list = services.flatMap((service) => normalizeServiceAddresses(service).clusterIPs);
  return { list, set: new Set(list) };
});

/** The canonical addresses of a Service: its cluster IPs and its external ones. */
const normalizeServiceAddresses = memoize((service: Service) => ({
  clusterIPs: service.clusterIPs.map(normalizeAddress),
  externalAddresses: listExternalAddresses(service).map(normalizeAddress),
}));

/** An IPv4-mapped address is the same as its IPv4 address, but Cloudflare rejects a record with it. */
function checkMappedAddress(address: string): string | undefined {
  return address.includes(":") && normalizeAddress(address).includes(".") ? "IPv4 address embedded in IPv6" : undefined;
}

function checkName(name: string): string | undefined {
  if (isRecordName(name)) return "record name of another origin";
  return isInternalName(name) || NUMERIC_NAME.test(name) ? "not a public name" : undefined;
}

/** Whether `origins` lists an address for a namespace. False if no addresses are listed. */
export function isListedOrigin(permits: OriginPermits, namespace: string, address: string): boolean {
  return permits.type === "listed" && createPermitCheck(permits.entries)(namespace, address);
}

/** Returns a check of an address or name against the permits of a namespace. Parses each namespace's entries once. */
function createPermitCheck(entries: Extract<OriginPermits, { type: "listed" }>["entries"]) {
  const matchers = new Map<string, (address: string) => boolean>();
  return (namespace: string, address: string): boolean => {
    const matcher =
      matchers.get(namespace) ??
      createEntryMatcher(entries.filter((entry) => matchesNamespace(entry.namespaces, namespace)));
    matchers.set(namespace, matcher);
    return matcher(address);
  };
}

function createEntryMatcher(
  entries: Extract<OriginPermits, { type: "listed" }>["entries"],
): (address: string) => boolean {
  const matchesRange = createIpMatcher(entries.flatMap(({ ranges }) => ranges));
  const names = entries.flatMap((entry) => entry.names);
  return (address) => matchesRange(address) || names.some((pattern) => matchesHost(pattern, address));
}

/** Returns one spelling of an address, written as IPv4 or embedded in IPv6. */
function normalizeAddress(address: string): string {
  return isCanonicalIpAddress(address) ? ipaddr.process(address).toString() : address;
}

/** Stricter than `ipaddr.isValid`, which accepts "127.1". */
function isCanonicalIpAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
