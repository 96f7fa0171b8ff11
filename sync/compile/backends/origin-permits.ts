import ipaddr from "ipaddr.js";
import { createIpMatcher } from "../../../src/rules/addresses.ts";
import type { Service } from "../../collect/cluster-model.ts";
import { memoize } from "../../incremental/memoize.ts";
import { matchesHost, matchesNamespace, type OriginPermits } from "../../permits/model.ts";
import { listExternalAddresses } from "./external-addresses.ts";
import { isRecordName } from "./origin-record-names.ts";

/** Why an address, or a load balancer's name, may not be an origin of a namespace; nothing if it may. */
export type CheckOrigin = (namespace: string, address: string) => string | undefined;

// What means something else inside a network, by what it is. IPv4 addresses count in their IPv6 spellings too.
const internalRanges = [
  { what: "a loopback address", ranges: ["127.0.0.0/8", "::1"] },
  { what: "no address of any machine", ranges: ["0.0.0.0/8", "::"] },
  { what: "a link-local address, where clouds keep their metadata", ranges: ["169.254.0.0/16", "fe80::/10"] },
  { what: "a private address", ranges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"] },
  { what: "an address shared within a network", ranges: ["100.64.0.0/10"] },
  { what: "an address of a cloud's own services", ranges: ["192.0.0.0/24", "168.63.129.16"] },
  { what: "a multicast address", ranges: ["224.0.0.0/4", "ff00::/8"] },
  { what: "a reserved or broadcast address", ranges: ["240.0.0.0/4"] },
  { what: "an IPv4 address in disguise", ranges: ["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"] },
].map(({ what, ranges }) => ({ what, contains: createIpMatcher(ranges) }));

// Names that mean something else at every machine, or a cloud's own secrets.
const INTERNAL_NAME = /(^|\.)(localhost|local|internal|localdomain|home\.arpa|svc)$/;
// "127.1" and "0x7f.1" are names by their letters, and addresses to some who read them.
const NUMERIC_NAME = /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i;

/** Whether a name, in lower case, means something only inside a machine or a network. */
export function isInternalName(name: string): boolean {
  return INTERNAL_NAME.test(name) || !name.includes(".");
}

/** Which addresses may be origins, in a cluster with these Services. */
export interface OriginChecker {
  /** Of an address as it is published. */
  readonly checkOrigin: CheckOrigin;
  /** Which of a Service's addresses are cluster IPs: with its own text and the permits, all that its problems depend on. */
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
      if (clusterIPs.has(normalizeAddress(address))) return "it is the cluster IP of a Service";
      const nameProblem = isCanonicalIpAddress(address) ? undefined : checkName(address);
      if (nameProblem !== undefined) return nameProblem;
      if (isPermitted)
        return isPermitted(namespace, address) ? undefined : `it is none of those for namespace ${namespace}`;
      const matchingRange = internalRanges.find(({ contains }) => contains(address));
      return matchingRange && `it is ${matchingRange.what}`;
    },
    listDependencies: (service) =>
      normalizeServiceAddresses(service).externalAddresses.map((address) => clusterIPs.has(address)),
  };
}

const collectClusterIPs = memoize((services: readonly Service[]) => {
  const list = services.flatMap((service) => normalizeServiceAddresses(service).clusterIPs);
  return { list, set: new Set(list) };
});

/** A Service's addresses, each in one spelling: its cluster IPs, and those outside. */
const normalizeServiceAddresses = memoize((service: Service) => ({
  clusterIPs: service.clusterIPs.map(normalizeAddress),
  externalAddresses: listExternalAddresses(service).map(normalizeAddress),
}));

function checkName(name: string): string | undefined {
  if (isRecordName(name)) return "it is the name of another origin's record";
  return isInternalName(name) || NUMERIC_NAME.test(name) ? "it is no public name" : undefined;
}

/** Whether a namespace's own entries have an address, or a name. What an entry has is read once a namespace. */
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

/** One spelling of an address, whether it is written as IPv4 or inside IPv6. */
function normalizeAddress(address: string): string {
  return isCanonicalIpAddress(address) ? ipaddr.process(address).toString() : address;
}

/** Stricter than `ipaddr.isValid`, which takes "127.1" for an address. */
function isCanonicalIpAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
