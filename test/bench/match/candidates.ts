import { type HostMatch, hostMatchKey, type LoadedShard, type LoadedText } from "../../../src/load/host-match.ts";
import { findLoadedMatch } from "../../../src/load/loaded-hosts.ts";
import { buildRouteTable, findRoute, type RouteTable } from "../../../src/match/route-table.ts";
import { normalizeHost } from "../../../src/rules/hosts.ts";
import { normalizePath } from "../../../src/rules/paths.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { createByteCache } from "../../../src/runtime/byte-cache.ts";
import { createMatcher } from "../../../sync/library/match.ts";
import type { MatchRequest } from "./workload.ts";

/** Returns the route of a request: its name, or an object that has it. */
export type Decide = (request: MatchRequest) => string | NamedRoute | undefined;

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

/** Returns the product's matchers. They get the host header and the path as the client sends them. */
export function listOwnCandidates(buildRules: (index: number) => HostRules, maxHosts = 100_000): readonly Candidate[] {
  const own = { isPeer: false, maxHosts };
  return [
    { ...own, name: "edgress, the edge's look-up", build: (hosts) => buildEdgeLookup(range(hosts).map(buildRules)) },
    { ...own, name: "edgress, npm package", build: (hosts) => buildLibraryMatcher(range(hosts).map(buildRules)) },
  ];
}

function buildLibraryMatcher(hosts: readonly HostRules[]): Decide {
  const match = createMatcher(hosts);
  return ({ host, path, source: { request } }) => match(host, path, request);
}

interface BenchMatch extends HostMatch {
  readonly table: RouteTable;
}

/** The steps of a request whose host is loaded: normalize, find the host of the snapshot, find the route. */
function buildEdgeLookup(hosts: readonly HostRules[]): Decide {
  const [shards, texts] = [createByteCache<LoadedShard>(0), createByteCache<LoadedText>(0)];
  const matches = createByteCache<BenchMatch>(Number.POSITIVE_INFINITY);
  const blobs = { filters: new Map(), shards, texts, hosts: matches };
  const side = {
    hostFilter: { digests: new Uint8Array(), count: 0, find: () => undefined },
    shards: { digests: new Uint8Array(), count: 0, find: () => undefined },
    wildcardFilter: { mayContain: () => false },
    deepWildcardLabels: 0,
    matches: new Map<string, BenchMatch>(),
  };
  const handler = () => Promise.reject(new Error("not called"));
  for (const [index, rules] of hosts.entries()) {
    const shardDigest = String(Math.floor(index / 32));
    const key = hostMatchKey(shardDigest, rules.host);
    const match = { key, host: rules.host, shardDigest, handler, table: buildRouteTable(rules), bytes: 0, usedAt: 0 };
    side.matches.set(rules.host, matches.add(match));
  }
  return ({ host: hostHeader, path: rawPath, source }) => {
    const match = findLoadedMatch(side, normalizeHost(hostHeader), blobs, [1, 2]);
    const path = normalizePath(rawPath);
    if (typeof match === "string" || path === undefined) return undefined;
    const found = findRoute((match as BenchMatch).table, path, source); // every match of this side has its table
    return typeof found === "string" ? undefined : found;
  };
}
