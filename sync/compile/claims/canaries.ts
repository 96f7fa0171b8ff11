import { declaresCanary } from "../../../src/rules/policies/canary.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, HostGrant, IngressClaims } from "../model.ts";
import { buildRouteKey, buildSubject } from "./claims.ts";

/** The claim of the canary of each route, by route id. */
export type Canaries = ReadonlyMap<string, Claim>;

/**
 * Whether an Ingress is a canary. A canary owns no host, certificate or path: it receives a share of another's
 * requests.
 */
export function isCanary({ owner }: IngressClaims): boolean {
  return declaresCanary(owner.annotations.values);
}

/**
 * Assigns each canary to the route with the same host, path and type in the same namespace. The oldest canary of a
 * route wins. A canary without a route is reported and receives no requests.
 */
export function assignCanaries(
  canaryClaims: readonly IngressClaims[],
  findGrant: (host: string) => HostGrant | undefined,
  report: Report,
): Canaries {
  const findPrimary = (canary: Claim) =>
    findGrant(canary.host)?.claims.find((claim) => buildRouteKey(claim) === buildRouteKey(canary));
  const canaries = new Map<string, Claim>();
  for (const { owner } of canaryClaims) {
    if (!owner.ingress.defaultBackend) continue;
    const problem = "the default backend of a canary receives no requests, because a canary shares paths only";
    report("CanaryIgnored", buildSubject(owner.ingress, "spec.defaultBackend"), problem, "add a path instead");
  }
  for (const claim of canaryClaims.flatMap(({ claims }) => claims)) {
    const primary = findPrimary(claim);
    const problem = findCanaryProblem(claim, primary, canaries);
    if (problem === undefined) canaries.set(primary?.id ?? "", claim);
    else
      report(
        "CanaryIgnored",
        claim.subject,
        problem,
        "correct it, or remove it; until then the canary receives no requests",
        hideForeignPrimary(claim, primary, problem),
      );
  }
  return canaries;
}

/** Returns a problem for the owner of a canary, without the name of a primary in another namespace. */
function hideForeignPrimary(claim: Claim, primary: Claim | undefined, problem: string): string {
  if (!primary || primary.owner.ingress.namespace === claim.owner.ingress.namespace) return problem;
  return problem.replace(`Ingress ${nameOf(primary.owner.ingress)}`, () => "an Ingress");
}

function findCanaryProblem(claim: Claim, primary: Claim | undefined, canaries: Canaries): string | undefined {
  const { namespace } = claim.owner.ingress;
  const route = `${claim.type} path ${claim.path} of ${claim.host === "*" ? "any host" : `host ${claim.host}`}`;
  if (!primary) return `no Ingress has the ${route} of this canary`;
  if (primary.owner.ingress.namespace !== namespace) {
    return `the ${route} belongs to Ingress ${nameOf(primary.owner.ingress)} in another namespace`;
  }
  const otherCanary = canaries.get(primary.id);
  if (otherCanary) return `the ${route} already has a canary: Ingress ${nameOf(otherCanary.owner.ingress)}`;
  return claim.owner.annotations.closingReason;
}
