import { CATCH_ALL_HOST } from "../../../src/rules/hosts.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { type IngressBackend, nameOf } from "../../collect/cluster-model.ts";
import { FULL_HOST } from "../../permits/model.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, IngressConfig } from "../model.ts";
import { buildRouteKey, buildSubject } from "./claims.ts";

const catchAllExcludedPolicies = compiledPolicies
  .filter(({ appliesToCatchAll }) => !appliesToCatchAll)
  .map(({ name }) => name);

const defaultBackendSuffix = "#default";

/**
 * What takes the requests that no path of a host takes, where none is `/`: the default backend, and the policies, of the
 * oldest Ingress that names the host, as in ingress-nginx. Policies hold there too, or a path that nobody named would be
 * a way around them.
 */
export function buildDefaultBackendClaims(
  host: string,
  owners: readonly IngressConfig[],
  claims: readonly Claim[],
  report: Report,
): Claim[] {
  if (claims.some(({ path, type }) => path === "/" && type === "prefix")) return [];
  const owner = host === CATCH_ALL_HOST ? findCatchAllOwner(owners) : owners[0];
  return owner ? [buildDefaultBackendClaim(owner, host, report)] : [];
}

/** For any host: an Ingress that has nothing but a default backend, else the first that has one beside its rules. */
function findCatchAllOwner(owners: readonly IngressConfig[]): IngressConfig | undefined {
  const ownersWithDefault = owners.filter(({ ingress }) => ingress.defaultBackend);
  return ownersWithDefault.find(({ ingress }) => ingress.rules.length === 0) ?? ownersWithDefault[0];
}

/** Whether a claim is one for what no path of its host takes. */
export function isDefaultBackendClaim({ id }: Pick<Claim, "id">): boolean {
  return id.endsWith(defaultBackendSuffix);
}

function buildDefaultBackendClaim(owner: IngressConfig, host: string, report: Report): Claim {
  const { ingress } = owner;
  const subject = buildSubject(ingress, "spec.defaultBackend");
  const excludedPolicies = host === CATCH_ALL_HOST && ingress.rules.length === 0 ? catchAllExcludedPolicies : [];
  const routeParts = { host, type: "prefix" as const, path: "/" };
  const claim = {
    owner,
    id: nameOf(ingress) + defaultBackendSuffix,
    ...routeParts,
    routeKey: buildRouteKey(routeParts),
    excludedPolicies,
    permit: FULL_HOST,
    subject,
  };
  const backend = keepServiceBackend(ingress.defaultBackend);
  if (ingress.defaultBackend && !backend) {
    report(
      "UnsupportedBackend",
      subject,
      "the default backend is not a Service with a port",
      "name a Service and its port",
    );
  }
  return { ...claim, backend };
}

function keepServiceBackend(backend: IngressBackend | undefined): Claim["backend"] {
  return backend?.type === "service" ? backend : undefined;
}
