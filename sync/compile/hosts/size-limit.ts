import { closeWith } from "../../../src/rules/policies/fail-closed.ts";
import type { Route } from "../../../src/rules/snapshot.ts";
import { buildSubject } from "../claims/claims.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, IngressConfig } from "../model.ts";
import type { HostUses } from "./host-compilation.ts";

/** How much of a host's rules one Ingress may be, in bytes as published: KV takes values of 25 MiB, and other hosts share one. */
export const MAX_INGRESS_BYTES = 2 * 1024 * 1024;
/** How much all of them may be. */
export const MAX_HOST_BYTES = 4 * MAX_INGRESS_BYTES;

const sizeRemedy =
  "write less into its annotations and Secrets, or share its paths among hosts; until then these paths answer 503, or are left out";

/** A route and the claim that it was granted to. */
export interface FinishedRoute {
  readonly claim: Claim;
  readonly route: Route;
}

/**
 * Closes the paths of Ingresses that would make a host's rules too large to publish, which would keep everybody's from being
 * published; where the paths alone are too large they are left out. The oldest, who come first in `claims`, have the room
 * that there is.
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
    if (findSizeProblem(closedBytes, usedBytes) !== undefined) continue; // not even that has room
    usedBytes += closedBytes;
    keepByOwner.set(owner, (route) => [buildClosedRoute(route, problem)]);
  }
  return finishedRoutes.flatMap(({ claim, route }) => keepByOwner.get(claim.owner)?.(route) ?? []);
}

function buildClosedRoute({ id, path }: Route, reason: string): Route {
  return { id, path, policies: closeWith(reason) };
}

function findSizeProblem(bytes: number, usedBytes: number): string | undefined {
  const text = `its paths would take ${formatKibibytes(bytes)} of the host's rules`;
  if (bytes > MAX_INGRESS_BYTES)
    return `${text}, and at most ${formatKibibytes(MAX_INGRESS_BYTES)} may be one Ingress's`;
  if (usedBytes + bytes > MAX_HOST_BYTES)
    return `${text}, of which ${formatKibibytes(MAX_HOST_BYTES - usedBytes)} are left by older ones`;
  return undefined;
}

/** What routes take as they are published, with the backends that they lead to, and secrets as they are encrypted. */
function countRouteBytes(routes: readonly Route[], { backends, secretLengths }: HostUses): number {
  const backendIds = new Set(routes.flatMap(({ backend }) => backend ?? []));
  const texts = [...routes, ...[...backendIds].map((id) => backends.get(id))].map((value) =>
    JSON.stringify(value ?? null),
  );
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
