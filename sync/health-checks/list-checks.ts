import { type HealthCheckSettings, readHealthCheck } from "../../src/rules/policies/health-check.ts";
import type { Address, Backend, HostRules } from "../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../src/rules/storage/route-id.ts";

/** The health check of one address of a backend. */
export interface HealthCheck extends Address, Pick<Backend, "scheme" | "port"> {
  readonly backend: string; // "namespace/service:port"
  readonly ingress: string; // "namespace/name" of the Ingress that configures it
  readonly settings: HealthCheckSettings;
}

/** The check of a backend, and its addresses. */
interface CheckedBackend {
  readonly routeId: string;
  readonly backend: Backend;
  readonly settings: HealthCheckSettings;
}

// Safe because compiled rules never change.
const cachedBackends = new WeakMap<HostRules, ReadonlyMap<string, CheckedBackend>>();

/**
 * Returns the health checks of published hosts: addresses and ports that the rules already have, and no others. A backend
 * with one address has no check, because the edge could not avoid it. If Ingresses differ, the first route by id applies.
 */
export function listHealthChecks(hosts: readonly HostRules[]): readonly HealthCheck[] {
  const checkedBackends = new Map<string, CheckedBackend>();
  for (const host of hosts) {
    for (const [id, checked] of findCheckedBackends(host)) {
      const present = checkedBackends.get(id);
      if (!present || checked.routeId < present.routeId) checkedBackends.set(id, checked);
    }
  }
  return [...checkedBackends].flatMap(
    ([
      id,
      {
        routeId,
        backend: { scheme, port, addresses },
        settings,
      },
    ]) =>
      addresses.map((address) => ({
        ...address,
        ...{ scheme, port, settings, backend: id, ingress: parseRouteOwner(routeId) },
      })),
  );
}

function findCheckedBackends(host: HostRules): ReadonlyMap<string, CheckedBackend> {
  const present = cachedBackends.get(host);
  if (present) return present;
  const found = new Map<string, CheckedBackend>();
  for (const { id: routeId, backend: backendId, policies } of host.routes) {
    const settings = readHealthCheck(policies);
    const backend = backendId === undefined ? undefined : host.backends[backendId];
    if (backendId === undefined || !settings || !backend || backend.addresses.length < 2) continue;
    const earlier = found.get(backendId);
    if (!earlier || routeId < earlier.routeId) found.set(backendId, { routeId, backend, settings });
  }
  cachedBackends.set(host, found);
  return found;
}
