import type { UnhealthyRecords } from "../../src/rules/snapshot.ts";

/** About 70 KB of the manifest. */
const MAX_BACKENDS = 1000;

/** A checked address and its state. */
interface AddressHealth {
  readonly backend: string; // "namespace/service:port"
  readonly record: string;
  readonly isHealthy: boolean;
}

/**
 * Returns the records of unhealthy addresses by backend, of the first 1,000 backends by name; undefined without any. A
 * backend without a healthy address is left out, because the edge uses all of its addresses. So a controller whose network
 * fails publishes nothing.
 */
export function groupUnhealthy(addresses: readonly AddressHealth[]): UnhealthyRecords | undefined {
  const groups = [...Map.groupBy(addresses, ({ backend }) => backend)]
    .map(([backend, members]) => [backend, members.filter(({ isHealthy }) => !isHealthy), members.length] as const)
    .filter(([, unhealthy, count]) => unhealthy.length > 0 && unhealthy.length < count)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_BACKENDS);
  if (groups.length === 0) return undefined;
  return Object.fromEntries(
    groups.map(([backend, unhealthy]) => [backend, unhealthy.map(({ record }) => record).toSorted()]),
  );
}
