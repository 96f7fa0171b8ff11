import ipaddr from "ipaddr.js";
import { matcherOf } from "../../src/rules/addresses.ts";
import type { Service } from "../collect/cluster.ts";
import { onceEach } from "../once-each.ts";
import { writtenAddresses } from "./backends.ts";
import { namesHost, namesNamespace, type OriginPermits } from "./permits.ts";
import { isRecordName } from "./record-names.ts";

/** Why an address, or a load balancer's name, may not be an origin of a namespace; nothing if it may. */
export type OriginProblem = (namespace: string, address: string) => string | undefined;

// What means something else inside a network, by what it is. IPv4 addresses count in their IPv6 spellings too.
const INSIDE = [
  { what: "a loopback address", ranges: ["127.0.0.0/8", "::1"] },
  { what: "no address of any machine", ranges: ["0.0.0.0/8", "::"] },
  { what: "a link-local address, where clouds keep their metadata", ranges: ["169.254.0.0/16", "fe80::/10"] },
  { what: "a private address", ranges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"] },
  { what: "an address shared within a network", ranges: ["100.64.0.0/10"] },
  { what: "an address of a cloud's own services", ranges: ["192.0.0.0/24", "168.63.129.16"] },
  { what: "a multicast address", ranges: ["224.0.0.0/4", "ff00::/8"] },
  { what: "a reserved or broadcast address", ranges: ["240.0.0.0/4"] },
  { what: "an IPv4 address in disguise", ranges: ["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"] },
].map(({ what, ranges }) => ({ what, holds: matcherOf(ranges) }));

// Names that mean something else at every machine, or a cloud's own secrets.
const INWARD = /(^|\.)(localhost|local|internal|localdomain|home\.arpa|svc)$/;
// "127.1" and "0x7f.1" are names by their letters, and addresses to some who read them.
const NUMERIC = /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i;

/** Whether a name, in lower case, means something only inside a machine or a network. */
export function isInward(name: string): boolean {
  return INWARD.test(name) || !name.includes(".");
}

/** Which addresses may be origins, in a cluster with these Services. */
export interface Origins {
  /** Of an address as it is published. */
  readonly problem: OriginProblem;
  /** Which of a Service's addresses are cluster IPs: with its own text and the permits, all that its problems depend on. */
  readonly dependenciesOf: (service: Service) => readonly boolean[];
}

export function originsOf(permits: OriginPermits, services: readonly Service[]): Origins {
  if (permits.type === "any") return { problem: () => undefined, dependenciesOf: () => [] };
  const inCluster = clusterIPsOf(services);
  const isListed = permits.type === "listed" ? listed(permits.entries) : undefined;
  return {
    problem(namespace, address) {
      if (inCluster.has(plain(address))) return "it is the cluster IP of a Service";
      const inward = isAddress(address) ? undefined : inwardProblem(address);
      if (inward !== undefined) return inward;
      if (isListed) return isListed(namespace, address) ? undefined : `it is none of those for namespace ${namespace}`;
      const found = INSIDE.find(({ holds }) => holds(address));
      return found && `it is ${found.what}`;
    },
    dependenciesOf: (service) => plainOf(service).outside.map((address) => inCluster.has(address)),
  };
}

const clusterIPsOf = onceEach(
  (services: readonly Service[]): ReadonlySet<string> =>
    new Set(services.flatMap((service) => plainOf(service).inside)),
);

/** A Service's addresses, each in one spelling: its cluster IPs, and those outside. */
const plainOf = onceEach((service: Service) => ({
  inside: service.clusterIPs.map(plain),
  outside: writtenAddresses(service).map(plain),
}));

function inwardProblem(name: string): string | undefined {
  if (isRecordName(name)) return "it is the name of another origin's record";
  return isInward(name) || NUMERIC.test(name) ? "it is no public name" : undefined;
}

/** Whether a namespace's own entries have an address, or a name. What an entry has is read once a namespace. */
function listed(entries: Extract<OriginPermits, { type: "listed" }>["entries"]) {
  const matchers = new Map<string, (address: string) => boolean>();
  return (namespace: string, address: string): boolean => {
    const own =
      matchers.get(namespace) ?? listedFor(entries.filter((entry) => namesNamespace(entry.namespaces, namespace)));
    matchers.set(namespace, own);
    return own(address);
  };
}

function listedFor(own: Extract<OriginPermits, { type: "listed" }>["entries"]): (address: string) => boolean {
  const holds = matcherOf(own.flatMap(({ ranges }) => ranges));
  const names = own.flatMap((entry) => entry.names);
  return (address) => holds(address) || names.some((pattern) => namesHost(pattern, address));
}

/** One spelling of an address, whether it is written as IPv4 or inside IPv6. */
function plain(address: string): string {
  return isAddress(address) ? ipaddr.process(address).toString() : address;
}

/** Stricter than `ipaddr.isValid`, which takes "127.1" for an address. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
