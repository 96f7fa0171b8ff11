import { addCanary, declaresCanary } from "../../../src/rules/policies/canary.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import { success } from "../../../src/rules/result.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { HostLookups } from "../backends/cluster-index.ts";
import type { Report } from "../diagnostics.ts";
import { createPolicyContext } from "../hosts/policy-context.ts";
import { buildSubject, type Claim, type IngressClaims, readBackendProtocol } from "./claims.ts";
import type { HostGrant } from "./resolve-conflicts.ts";

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
  grants: readonly HostGrant[],
  report: Report,
): Canaries {
  if (canaryClaims.length === 0) return new Map();
  const routes = new Map(grants.flatMap(({ claims }) => claims.map((claim) => [claim.routeKey, claim] as const)));
  const canaries = new Map<string, Claim>();
  for (const { owner } of canaryClaims) {
    if (!owner.ingress.defaultBackend) continue;
    const problem = "the default backend of a canary takes no requests: a canary has a share in paths only";
    report("CanaryIgnored", buildSubject(owner.ingress, "spec.defaultBackend"), problem, "write it as a path");
  }
  for (const claim of canaryClaims.flatMap(({ claims }) => claims)) {
    const problem = findCanaryProblem(claim, routes.get(claim.routeKey), canaries);
    if (problem === undefined) canaries.set(routes.get(claim.routeKey)?.id ?? "", claim);
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

/** The settings of a route with those of its canary: which backend that is, and how clients stay with one of the two. */
export function withCanary(
  settings: PolicySettings,
  primary: Claim,
  lookups: HostLookups,
  backends: Map<string, Backend>,
  report: Report,
): PolicySettings {
  const claim = lookups.lookUp("canary", primary.id);
  if (!claim?.backend || !primary.backend) return settings;
  // A canary is spoken to as its primary is.
  const resolve = (backend: NonNullable<Claim["backend"]>) =>
    lookups.resolve(claim.owner.ingress.namespace, backend, readBackendProtocol(primary.owner));
  const [primaryBackend, canaryBackend] = [resolve(primary.backend), resolve(claim.backend)];
  const subject = { ...claim.subject, field: `${claim.subject.field}.backend` };
  for (const note of canaryBackend.notes) {
    report(note.reason, note.subject ?? subject, note.problem, note.remedy);
  }
  if (!canaryBackend.ok || !primaryBackend.ok) return settings;
  if (primaryBackend.id === canaryBackend.id) {
    report(
      "CanaryIgnored",
      subject,
      `it leads where its primary does, to ${primaryBackend.id}`,
      "name another Service",
    );
    return settings;
  }
  backends.set(canaryBackend.id, canaryBackend.backend);
  const context = {
    ...createPolicyContext(claim, false, lookups, backends, [], report),
    resolveBackend: () => success(canaryBackend.id),
  };
  return addCanary(settings, claim.owner.annotations.values, context);
}
