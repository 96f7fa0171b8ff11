import { ANY_HOST } from "../../src/rules/hosts.ts";
import type { PolicyName } from "../../src/rules/policies/index.ts";
import type { IngressBackend } from "../collect/cluster.ts";
import { type Claim, type Owner, routeKey, subjectOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import { nameOf } from "./select.ts";

// ingress-nginx leaves these out where an Ingress without rules takes every request.
const NOT_FOR_CATCH_ALL: readonly PolicyName[] = ["appRoot", "redirect", "rewrite", "sslRedirect"];

const FALLBACK = "#default";

/**
 * What takes the requests that no path of a host takes, where none is `/`: the default backend, and the policies, of the
 * oldest Ingress that names the host, as in ingress-nginx. Policies hold there too, or a path that nobody named would be
 * a way around them.
 */
export function fallbackOf(host: string, owners: readonly Owner[], claims: readonly Claim[], report: Report): Claim[] {
  if (claims.some(({ path, type }) => path === "/" && type === "prefix")) return [];
  const owner = host === ANY_HOST ? catchAllOwner(owners) : owners[0];
  return owner ? [fallbackClaim(owner, host, report)] : [];
}

/** For any host: an Ingress that has nothing but a default backend, else the first that has one beside its rules. */
function catchAllOwner(owners: readonly Owner[]): Owner | undefined {
  const withDefault = owners.filter(({ ingress }) => ingress.defaultBackend);
  return withDefault.find(({ ingress }) => ingress.rules.length === 0) ?? withDefault[0];
}

/** Whether a claim is one for what no path of its host takes. */
export function isFallback({ id }: Pick<Claim, "id">): boolean {
  return id.endsWith(FALLBACK);
}

function fallbackClaim(owner: Owner, host: string, report: Report): Claim {
  const { ingress } = owner;
  const subject = subjectOf(ingress, "spec.defaultBackend");
  const without = host === ANY_HOST && ingress.rules.length === 0 ? NOT_FOR_CATCH_ALL : [];
  const what = { host, type: "prefix" as const, path: "/" };
  const claim = { owner, id: nameOf(ingress) + FALLBACK, ...what, route: routeKey(what), without, subject };
  const backend = serviceOf(ingress.defaultBackend);
  if (ingress.defaultBackend && !backend) {
    report(
      "BackendUnsupported",
      subject,
      "the default backend is not a Service with a port",
      "name a Service and its port",
    );
  }
  return { ...claim, backend };
}

function serviceOf(backend: IngressBackend | undefined): Claim["backend"] {
  return backend?.type === "service" ? backend : undefined;
}
