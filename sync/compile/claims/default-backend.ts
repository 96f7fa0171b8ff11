import { CATCH_ALL_HOST } from "../../../src/rules/hosts.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { type IngressBackend, nameOf } from "../../collect/cluster-model.ts";
import { FULL_HOST } from "../../permits/model.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, IngressConfig } from "../model.ts";
import { buildSubject } from "./claims.ts";

const catchAllExcludedPolicies = compiledPolicies
  .filter(({ appliesToCatchAll }) => !appliesToCatchAll)
  .map(({ name }) => name);

const defaultBackendSuffix = "#default";

/**
 * Returns the claims for paths that no rule of a host matches. They have the default backend and the policies of the
 * oldest Ingress of the host, as in ingress-nginx. Without the policies, an unmatched path would bypass a guard.
 */
export function buildDefaultBackendClaims(
  host: string,
  owners: readonly IngressConfig[],
  claims: readonly Claim[],
  report: Report,
): Claim[] {
  if (claims.some(({ path, type, httpRoute }) => path === "/" && type === "prefix" && !httpRoute?.conditionKey))
    return [];
  const ingressOwners = owners.filter(({ ingress }) => ingress.ownerKind !== "HTTPRoute"); // without a rule, an HTTPRoute has no path
  const owner = host === CATCH_ALL_HOST ? findCatchAllOwner(ingressOwners) : ingressOwners[0];
  return owner ? [buildDefaultBackendClaim(owner, host, report)] : [];
}

/** Returns the owner of the catch-all host: the first Ingress with only a default backend, else the first with one. */
function findCatchAllOwner(owners: readonly IngressConfig[]): IngressConfig | undefined {
  const ownersWithDefault = owners.filter(({ ingress }) => ingress.defaultBackend);
  return ownersWithDefault.find(({ ingress }) => ingress.rules.length === 0) ?? ownersWithDefault[0];
}

/** Whether a claim is for paths that no rule of its host matches. */
export function isDefaultBackendClaim({ id }: Pick<Claim, "id">): boolean {
  return id.endsWith(defaultBackendSuffix);
}

function buildDefaultBackendClaim(owner: IngressConfig, host: string, report: Report): Claim {
  const { ingress } = owner;
  const subject = buildSubject(ingress, "spec.defaultBackend");
  const excludedPolicies = host === CATCH_ALL_HOST && ingress.rules.length === 0 ? catchAllExcludedPolicies : [];
  const claim = {
    owner,
    id: nameOf(ingress) + defaultBackendSuffix,
    host,
    type: "prefix" as const,
    path: "/",
    excludedPolicies,
    permit: FULL_HOST,
    subject,
  };
  const { defaultBackend } = ingress;
  if (defaultBackend?.type === "other")
    report("UnsupportedBackend", subject, defaultBackend.problem, defaultBackend.remedy);
  return { ...claim, backend: keepServiceBackend(defaultBackend) };
}

function keepServiceBackend(backend: IngressBackend | undefined): Claim["backend"] {
  return backend?.type === "service" ? backend : undefined;
}
