import { CATCH_ALL_HOST, listHostCandidates, parseHost } from "../../../src/rules/hosts.ts";
import { readFurtherHosts } from "../../../src/rules/policies/from-to-www.ts";
import type { ObjectMemo } from "../../incremental/memo.ts";
import type { Report } from "../diagnostics.ts";
import type { IngressClaims } from "../model.ts";
import type { AliasOptions } from "./alias-registry.ts";
import { isCanary } from "./canaries.ts";
import { buildSubject } from "./claims.ts";
import { findHostFields, formatHostLabel } from "./enforce-permits.ts";
import { findWwwCounterpart } from "./host-aliases.ts";

export interface ExclusiveClaims {
  readonly claims: readonly IngressClaims[];
  readonly mayUseName: AliasOptions["mayUseName"];
}

/**
 * Gives each host to the namespace of its oldest Ingress, and drops the claims of other namespaces. A wildcard host
 * includes the names that it matches, and an alias counts as a host. A path-limited namespace owns no host: it keeps the
 * paths that the permits allow. The claims are in order, the oldest first.
 */
export function enforceExclusiveHosts(
  ingressClaims: readonly IngressClaims[],
  memo: ObjectMemo<IngressClaims, IngressClaims>,
  report: Report,
): ExclusiveClaims {
  const owners = new Map<string, string>(); // namespaces by host
  const findOwner = (name: string) =>
    listCoveringHosts(name)
      .map((host) => owners.get(host))
      .find(Boolean);
  const claimName = (name: string, namespace: string) => {
    const owner = findOwner(name) ?? namespace;
    if (owner === namespace) owners.set(name, namespace);
    return owner === namespace;
  };
  const claims = ingressClaims.map((entry) => {
    if (isCanary(entry)) return entry; // it only receives requests of a route in the same namespace
    const { namespace } = entry.owner.ingress;
    const lostHosts = entry.hosts.filter(({ host, permit }) => permit.type === "full" && !claimName(host, namespace));
    const ownsHost = entry.hosts.some(
      (hostClaim) => hostClaim.permit.type === "full" && !lostHosts.includes(hostClaim),
    );
    if (ownsHost) for (const name of listFurtherNames(entry)) claimName(name, namespace);
    const lostNames = lostHosts.map(({ host }) => host);
    for (const host of lostNames) reportLostHost(entry, host, report);
    return lostNames.length === 0 ? entry : memo(entry, lostNames, () => withoutHosts(entry, new Set(lostNames)));
  });
  return { claims, mayUseName: (namespace, name) => (findOwner(name) ?? namespace) === namespace };
}

/** Returns a host and the wildcard that includes it. */
function listCoveringHosts(name: string): readonly string[] {
  return name.startsWith("*") ? [name] : listHostCandidates(name).filter((host) => host !== CATCH_ALL_HOST);
}

/** Returns the aliases of an Ingress, and the names that it redirects. */
function listFurtherNames({ owner, hosts }: IngressClaims): string[] {
  const { aliases, redirectsWww } = readFurtherHosts(owner.annotations.values);
  const aliasHosts = aliases.flatMap((text) => {
    const host = parseHost(text);
    return host.ok ? [host.value] : [];
  });
  return redirectsWww ? [...aliasHosts, ...hosts.flatMap(({ host }) => findWwwCounterpart(host) ?? [])] : aliasHosts;
}

function withoutHosts(entry: IngressClaims, names: ReadonlySet<string>): IngressClaims {
  const isKept = ({ host }: { readonly host: string }) => !names.has(host);
  return { ...entry, hosts: entry.hosts.filter(isKept), claims: entry.claims.filter(isKept) };
}

function reportLostHost({ owner: { ingress } }: IngressClaims, host: string, report: Report): void {
  const problem = `${formatHostLabel(host)} belongs to another namespace, which has an older Ingress for it`;
  const remedy = "use another host, or ask the owner to remove it; until then the claims of this Ingress are dropped";
  for (const field of findHostFields(ingress, host))
    report("HostOwnerConflict", buildSubject(ingress, field), problem, remedy);
}
