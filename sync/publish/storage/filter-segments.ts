import type { HashKey } from "../../../src/rules/half-sip-hash.ts";
import { buildHostFilter } from "../../../src/rules/host-filter.ts";
import { countDeepLabels } from "../../../src/rules/hosts.ts";
import { computeSegmentIndex } from "../../../src/rules/kv-keys.ts";
import { createMemo } from "../../incremental/memo.ts";
import { computeBlobDigest } from "./encode-blobs.ts";

/** A segment of this size has 8 KiB. */
const TARGET_SEGMENT_HOSTS = 2048;
const MAX_SEGMENTS = 256;
/** Maximum bytes of the filter of wildcards, because the manifest contains it. */
const MAX_WILDCARD_BYTES = 2048;

/** The filter of the published names: its segments, and the filter of the names that begin with "*". */
export interface FilterSegments {
  readonly digests: readonly (string | undefined)[]; // undefined without hosts
  readonly segments: ReadonlyMap<string, Uint8Array>; // by digest
  readonly wildcardFilter: Uint8Array;
  readonly deepWildcardLabels: number; // labels of the longest x in the names "**.x"; 0 without any
}

// Built again only if a host comes or goes.
const rememberSegments = createMemo<FilterSegments>();

/**
 * Returns the power of two that brings segments nearest to 2,048 hosts. Keeps the previous count if segments stay within a
 * factor of four of that, because another count rewrites every segment.
 */
export function chooseSegmentCount(hostCount: number, previousCount: number | undefined): number {
  const isWithin = (count: number) =>
    hostCount > (count * TARGET_SEGMENT_HOSTS) / 4 && hostCount < count * TARGET_SEGMENT_HOSTS * 4;
  if (previousCount !== undefined && previousCount > 0 && isWithin(previousCount)) return previousCount;
  const exponent = Math.round(Math.log2(Math.max(1, hostCount / TARGET_SEGMENT_HOSTS)));
  return Math.min(MAX_SEGMENTS, 2 ** exponent);
}

export function buildFilterSegments(names: readonly string[], count: number, hashKey: HashKey): FilterSegments {
  return rememberSegments([count, ...hashKey, names], () => {
    const members = Map.groupBy(names, (name) => computeSegmentIndex(name, count, hashKey));
    const segments = Array.from({ length: count }, (_, index) => {
      const hosts = members.get(index);
      const bytes = hosts && buildHostFilter(hosts, hashKey);
      return bytes && { digest: computeBlobDigest(bytes), bytes };
    });
    return {
      digests: segments.map((segment) => segment?.digest),
      segments: new Map(segments.flatMap((segment) => (segment ? [[segment.digest, segment.bytes]] : []))),
      wildcardFilter: buildHostFilter(
        names.filter((name) => name.startsWith("*")),
        hashKey,
        MAX_WILDCARD_BYTES,
      ),
      deepWildcardLabels: names.reduce((most, name) => Math.max(most, countDeepLabels(name)), 0),
    };
  });
}
