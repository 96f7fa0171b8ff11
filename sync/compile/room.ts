import type { Backend, Route } from "../../src/rules/snapshot.ts";
import { type Claim, type Owner, subjectOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";

/** How much of a host's rules one Ingress may be, in bytes as published: KV takes values of 25 MiB, and other hosts share one. */
export const INGRESS_BYTES = 2 * 1024 * 1024;
/** How much all of them may be. */
export const HOST_BYTES = 4 * INGRESS_BYTES;

const REMEDY =
  "write less into its annotations and Secrets, or share its paths among hosts; until then these paths answer 503, or are left out";

/** A route and the claim that it was granted to. */
export interface Granted {
  readonly claim: Claim;
  readonly route: Route;
}

/**
 * Closes the paths of Ingresses that would make a host's rules too large to publish, which would keep everybody's from being
 * published; where the paths alone are too large they are left out. The oldest, who come first in `claims`, have the room that there is. `sealed` has the length of the text behind
 * each token.
 */
export function withinRoom(
  granted: readonly Granted[],
  claims: readonly Claim[],
  backends: ReadonlyMap<string, Backend>,
  sealed: ReadonlyMap<string, number>,
  report: Report,
): Route[] {
  const kept = new Map<Owner, (route: Route) => Route[]>();
  let taken = 0;
  for (const owner of new Set(claims.map((claim) => claim.owner))) {
    const own = granted.filter(({ claim }) => claim.owner === owner).map(({ route }) => route);
    const bytes = bytesOf(own, backends, sealed);
    const problem = problemOf(bytes, taken);
    if (problem === undefined) {
      taken += bytes;
      kept.set(owner, (route) => [route]);
      continue;
    }
    report("TooLarge", subjectOf(owner.ingress, "spec.rules"), problem, REMEDY);
    const closed = own.map((route) => closedRoute(route, problem));
    const closedBytes = bytesOf(closed, backends, sealed);
    if (problemOf(closedBytes, taken) !== undefined) continue; // not even that has room
    taken += closedBytes;
    kept.set(owner, (route) => [closedRoute(route, problem)]);
  }
  return granted.flatMap(({ claim, route }) => kept.get(claim.owner)?.(route) ?? []);
}

function closedRoute({ id, path }: Route, because: string): Route {
  return { id, path, policies: { closed: { because } } };
}

function problemOf(bytes: number, taken: number): string | undefined {
  const text = `its paths would take ${kilobytes(bytes)} of the host's rules`;
  if (bytes > INGRESS_BYTES) return `${text}, and at most ${kilobytes(INGRESS_BYTES)} may be one Ingress's`;
  if (taken + bytes > HOST_BYTES) return `${text}, of which ${kilobytes(HOST_BYTES - taken)} are left by older ones`;
  return undefined;
}

/** What routes take as they are published, with the backends that they lead to, and secrets as they are encrypted. */
function bytesOf(
  own: readonly Route[],
  backends: ReadonlyMap<string, Backend>,
  sealed: ReadonlyMap<string, number>,
): number {
  const named = new Set(own.flatMap(({ backend }) => backend ?? []));
  const texts = [...own, ...[...named].map((id) => backends.get(id))].map((one) => JSON.stringify(one ?? null));
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  return [...sealed].reduce((sum, [token, length]) => sum + timesIn(texts, token) * Math.ceil((length * 4) / 3), bytes);
}

function timesIn(texts: readonly string[], token: string): number {
  return texts.reduce((sum, text) => sum + text.split(token).length - 1, 0);
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}
