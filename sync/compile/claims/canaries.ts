import { declaresCanary } from "../../../src/rules/policies/canary.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, HostGrant, IngressClaims } from "../model.ts";
import { buildSubject } from "./claims.ts";

/** The canary that takes part of a route's requests, by the id of the route. */
export type Canaries = ReadonlyMap<string, Claim>;

/** Whether an Ingress is a canary. It owns no host, no certificate and no path: it has a share in another's. */
export function isCanary({ owner }: IngressClaims): boolean {
  return declaresCanary(owner.annotations.values);
}

/**
 * Finds the route of each canary's path: the same host, path and type, in the same namespace. Of several canaries the oldest
 * has it. What finds none takes no requests, and is told.
 */
export function assignCanaries(
  canaryClaims: readonly IngressClaims[],
  findGrant: (host: string) => HostGrant | undefined,
  report: Report,
): Canaries {
  const findPrimary = ({ host, routeKey }: Claim) =>
    findGrant(host)?.claims.find((claim) => claim.routeKey === routeKey);
  const canaries = new Map<string, Claim>();
  for (const { owner } of canaryClaims) {
    if (!owner.ingress.defaultBackend) continue;
    const problem = "the default backend of a canary takes no requests: a canary has a share in paths only";
    report("CanaryIgnored", buildSubject(owner.ingress, "spec.defaultBackend"), problem, "write it as a path");
  }
  for (const claim of canaryClaims.flatMap(({ claims }) => claims)) {
    const primary = findPrimary(claim);
    const problem = findCanaryProblem(claim, primary, canaries);
    if (problem === undefined) canaries.set(primary?.id ?? "", claim);
    else report("CanaryIgnored", claim.subject, problem, "correct it, or remove it; until then it takes no requests");
  }
  return canaries;
}

function findCanaryProblem(claim: Claim, primary: Claim | undefined, canaries: Canaries): string | undefined {
  const { namespace } = claim.owner.ingress;
  const route = `${claim.type} path ${claim.path} of ${claim.host === "*" ? "any host" : `host ${claim.host}`}`;
  if (!primary) return `no Ingress has the ${route}, of which it would be the canary`;
  if (primary.owner.ingress.namespace !== namespace) {
    return `the ${route} belongs to Ingress ${nameOf(primary.owner.ingress)}, which is in another namespace`;
  }
  const otherCanary = canaries.get(primary.id);
  if (otherCanary) return `the ${route} has a canary already, Ingress ${nameOf(otherCanary.owner.ingress)}`;
  const { unreadableGuard } = claim.owner.annotations;
  return unreadableGuard === undefined ? undefined : `${unreadableGuard} cannot be read`;
}
