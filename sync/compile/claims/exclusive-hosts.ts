import { CATCH_ALL_HOST, listDeepWildcards, listHostCandidates, parseHost } from "../../../src/rules/hosts.ts";
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
 * paths that the permits allow. The claims are in order, the oldest first and those of inherited hosts last.
 */
export function enforceExclusiveHosts(
  ingressClaims: readonly IngressClaims[],
  memo: ObjectMemo<IngressClaims, IngressClaims>,
  report: Report,
): ExclusiveClaims {
  const owners = createOwners();
  const keptHosts = new Set<string>();
  const contestedHosts = new Set<string>();
  const drop = (entry: IngressClaims, lostNames: readonly string[], reportedNames: readonly string[]) => {
    for (const host of reportedNames) reportLostHost(entry, host, report);
    return lostNames.length === 0 ? entry : memo(entry, lostNames, () => withoutHosts(entry, new Set(lostNames)));
  };
  const dropInherited = (entry: IngressClaims) => {
    const names = entry.hosts.map(({ host }) => host);
    const foreignNames = names.filter((host) => !owners.isOwner(entry.owner.ingress.namespace, host));
    // A host without routes for its name is a part of the wildcard above it, for both schemes.
    const isUnused = (host: string) => contestedHosts.has(host) && !keptHosts.has(host);
    const lostNames = names.filter((host) => foreignNames.includes(host) || isUnused(host));
    return drop(entry, lostNames, foreignNames);
  };
  const claims = ingressClaims.map((entry) => {
    if (isCanary(entry)) return entry; // it only receives requests of a route in the same namespace
    if (entry.isInherited) return dropInherited(entry);
    const lostNames = owners.claimHosts(entry);
    for (const { host } of entry.hosts) (lostNames.includes(host) ? contestedHosts : keptHosts).add(host);
    return drop(entry, lostNames, lostNames);
  });
  return { claims, mayUseName: owners.isOwner };
}

/** The namespaces that own hosts. */
function createOwners() {
  const owners = new Map<string, string>(); // namespaces by host
  const findOwner = (name: string) =>
    listCoveringHosts(name)
      .map((host) => owners.get(host))
      .find(Boolean);
  const isOwner = (namespace: string, name: string) => (findOwner(name) ?? namespace) === namespace;
  const claimName = (name: string, namespace: string) => {
    const isOwned = isOwner(namespace, name);
    if (isOwned) owners.set(name, namespace);
    return isOwned;
  };
  return {
    isOwner,
    /** Claims the hosts of an Ingress and its further names. Returns the hosts that belong to other namespaces. */
    claimHosts(entry: IngressClaims): readonly string[] {
      const { namespace } = entry.owner.ingress;
      const fullHosts = entry.hosts.filter(({ permit }) => permit.type === "full").map(({ host }) => host);
      const lostNames = fullHosts.filter((host) => !claimName(host, namespace));
      if (lostNames.length < fullHosts.length) for (const name of listFurtherNames(entry)) claimName(name, namespace);
      return lostNames;
    },
  };
}

/** Returns a host and the wildcards that include it. */
function listCoveringHosts(name: string): readonly string[] {
  if (name.startsWith("*")) return [name, ...listDeepWildcards(name)];
  return listHostCandidates(name).filter((host) => host !== CATCH_ALL_HOST);
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
