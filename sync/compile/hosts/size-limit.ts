import { closeWith } from "../../../src/rules/policies/fail-closed.ts";
import type { Route } from "../../../src/rules/snapshot.ts";
import { buildSubject } from "../claims/claims.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, IngressConfig } from "../model.ts";
import type { HostUses } from "./host-compilation.ts";

/**
 * Maximum size of one Ingress's routes in a host, in published bytes. A host is in one shard, which has at most 2 MiB.
 * 5,000 paths need about 1.1 MiB.
 */
export const MAX_INGRESS_BYTES = 1536 * 1024;
/** Maximum size of all routes of a host, in published bytes. */
export const MAX_HOST_BYTES = 1792 * 1024;

/** As long as the key of settings in a shard. */
const SETTINGS_KEY = "0".repeat(32);

const sizeRemedy =
  "shorten its annotations and Secrets, or split its paths among hosts; until then these paths return 503 or are dropped";

/** A route and its claim. */
export interface FinishedRoute {
  readonly claim: Claim;
  readonly route: Route;
}

/**
 * Closes the paths of Ingresses that would make the rules of a host too large to publish. If the paths alone are too
 * large, they are dropped. The oldest Ingresses, first in `claims`, get the space.
 */
export function enforceSizeLimit(
  finishedRoutes: readonly FinishedRoute[],
  claims: readonly Claim[],
  uses: HostUses,
  report: Report,
): Route[] {
  const keepByOwner = new Map<IngressConfig, (route: Route) => Route[]>();
  let usedBytes = 0;
  for (const owner of new Set(claims.map((claim) => claim.owner))) {
    const ownerRoutes = finishedRoutes.filter(({ claim }) => claim.owner === owner).map(({ route }) => route);
    const bytes = countRouteBytes(ownerRoutes, uses);
    const problem = findSizeProblem(bytes, usedBytes);
    if (problem === undefined) {
      usedBytes += bytes;
      keepByOwner.set(owner, (route) => [route]);
      continue;
    }
    report("IngressTooLarge", buildSubject(owner.ingress, "spec.rules"), problem, sizeRemedy);
    const closedRoutes = ownerRoutes.map((route) => buildClosedRoute(route, problem));
    const closedBytes = countRouteBytes(closedRoutes, uses);
    if (findSizeProblem(closedBytes, usedBytes) !== undefined) continue; // even the closed routes are too large
    usedBytes += closedBytes;
    keepByOwner.set(owner, (route) => [buildClosedRoute(route, problem)]);
  }
  return finishedRoutes.flatMap(({ claim, route }) => keepByOwner.get(claim.owner)?.(route) ?? []);
}

function buildClosedRoute({ id, path, when }: Route, reason: string): Route {
  return { id, path, ...(when && { when }), policies: closeWith(reason) };
}

function findSizeProblem(bytes: number, usedBytes: number): string | undefined {
  const text = `paths would use ${formatKibibytes(bytes)} of the host's rules`;
  if (bytes > MAX_INGRESS_BYTES)
    return `${text}, more than the ${formatKibibytes(MAX_INGRESS_BYTES)} allowed per Ingress`;
  if (usedBytes + bytes > MAX_HOST_BYTES)
    return `${text}, more than the ${formatKibibytes(MAX_HOST_BYTES - usedBytes)} that older Ingresses leave`;
  return undefined;
}

/**
 * Returns the published size of routes in bytes, including their backends and encrypted secrets. Equal settings are
 * stored once, and each route has a key in place of them.
 */
function countRouteBytes(routes: readonly Route[], { backends, secretLengths }: HostUses): number {
  const backendIds = new Set(routes.flatMap(({ backend }) => backend ?? []));
  const settings = new Set(routes.map(({ policies }) => JSON.stringify(policies)));
  const texts = [
    ...routes.map((route) => JSON.stringify({ ...route, policies: SETTINGS_KEY })),
    ...[...backendIds].map((id) => JSON.stringify(backends.get(id) ?? null)),
    ...[...settings].map((text) => `${SETTINGS_KEY}${text}`),
  ];
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  return [...secretLengths].reduce(
    (sum, [token, length]) => sum + countOccurrences(texts, token) * Math.ceil((length * 4) / 3),
    bytes,
  );
}

function countOccurrences(texts: readonly string[], token: string): number {
  return texts.reduce((sum, text) => sum + text.split(token).length - 1, 0);
}

function formatKibibytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}
