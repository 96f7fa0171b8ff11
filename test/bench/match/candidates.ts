import { type HostMatch, hostMatchKey, type LoadedShard } from "../../../src/load/host-match.ts";
import { findLoadedMatch } from "../../../src/load/loaded-hosts.ts";
import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute, type RouteTable } from "../../../src/match/route-table.ts";
import { normalizeHost } from "../../../src/rules/hosts.ts";
import { normalizePath } from "../../../src/rules/paths.ts";
import { createByteCache } from "../../../src/runtime/byte-cache.ts";
import { createMatcher } from "../../../sync/library/match.ts";
import { buildHostRules } from "./workload.ts";

/** Returns the route of a request: its name, or an object that has it. */
export type Decide = (host: string, path: string) => string | NamedRoute | undefined;

/** A match of the product. Its name is not read in a measurement, because an isolate does not need it for a decision. */
interface NamedRoute {
  readonly route: { readonly id: string };
}

/** A matcher under test. */
export interface Candidate {
  readonly name: string;
  readonly isPeer: boolean;
  readonly maxHosts: number; // above that, building it takes minutes or gigabytes
  build(hosts: number): Decide;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** The product's matchers. They get the host header and the path as the client sends them. */
export const OWN_CANDIDATES: readonly Candidate[] = [
  { name: "edgress, the edge's look-up", isPeer: false, maxHosts: 100_000, build: buildEdgeLookup },
  { name: "edgress, npm package", isPeer: false, maxHosts: 100_000, build: buildLibraryMatcher },
];

function buildLibraryMatcher(hosts: number): Decide {
  const match = createMatcher(range(hosts).map(buildHostRules));
  return (host, path) => match(host, path);
}

interface BenchMatch extends HostMatch {
  readonly table: RouteTable;
}

/** The steps of a request whose host is loaded: normalize, find the host of the snapshot, find the route. */
function buildEdgeLookup(hosts: number): Decide {
  const [shards, matches] = [createByteCache<LoadedShard>(0), createByteCache<BenchMatch>(Number.POSITIVE_INFINITY)];
  const blobs = { filters: new Map(), shards, hosts: matches };
  const side = {
    hostFilter: { digests: new Uint8Array(), count: 0, find: () => undefined },
    shards: { digests: new Uint8Array(), count: 0, find: () => undefined },
    wildcardFilter: { mayContain: () => false },
    deepWildcardLabels: 0,
    matches: new Map<string, BenchMatch>(),
  };
  const handler = () => Promise.reject(new Error("not called"));
  for (const index of range(hosts)) {
    const rules = buildHostRules(index);
    const shardDigest = String(Math.floor(index / 32));
    const key = hostMatchKey(shardDigest, rules.host);
    const match = { key, host: rules.host, shardDigest, handler, table: buildRouteTable(rules), bytes: 0, usedAt: 0 };
    side.matches.set(rules.host, matches.add(match));
  }
  return (hostHeader, rawPath) => {
    const match = findLoadedMatch(side, normalizeHost(hostHeader), blobs, [1, 2]);
    const path = normalizePath(rawPath);
    if (typeof match === "string" || path === undefined) return undefined;
    const found = findRoute((match as BenchMatch).table, path, PLAIN_REQUEST); // every match of this side has its table
    return typeof found === "string" ? undefined : found;
  };
}
