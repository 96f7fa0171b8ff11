import { compareText } from "../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, listHostCandidates, parseHost } from "../../../src/rules/hosts.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { FURTHER_HOSTS, readFurtherHosts } from "../../../src/rules/policies/from-to-www.ts";
import { permitsHost } from "../../permits/model.ts";
import type { Report } from "../diagnostics.ts";
import { type HostGrant, type IngressConfig, listOwners } from "../model.ts";
import { type AliasAnnotation, type AliasOptions, buildAliasSubject, createAliasRegistry } from "./alias-registry.ts";
import type { QuotaUses } from "./route-quota.ts";

/** The aliases of hosts. */
export interface HostAliases {
  /** One per name: an alias has the claims of its host, a redirect has none. */
  readonly aliasGrants: readonly HostGrant[];
  /** Aliases that the certificate of their host covers. */
  readonly tlsAliases: readonly string[];
}

const aliasPolicies = compiledPolicies.flatMap(({ name, furtherHosts }) =>
  furtherHosts === "none" ? [] : [{ name, annotationNames: Object.values(furtherHosts) }],
);

/**
 * Adds the aliases that from-to-www-redirect and server-alias request. A host in rules keeps its name. Any other name
 * goes to the first host in alphabetical order, and redirects come before aliases, as in ingress-nginx.
 */
export function findAliases(
  grantsWithAliases: readonly HostGrant[],
  findGrant: (host: string) => HostGrant | undefined,
  options: AliasOptions,
  quotaUses: QuotaUses,
  report: Report,
): HostAliases {
  const reserve = createAliasRegistry(findGrant, options, quotaUses, report);
  const orderedGrants = grantsWithAliases.toSorted((a, b) => compareText(a.host, b.host));
  const redirects = orderedGrants.flatMap((hostGrant): HostGrant[] => {
    const redirectHost = findWwwCounterpart(hostGrant.host);
    if (redirectHost === undefined) return [];
    const redirectingOwners = listOwners(hostGrant).filter(
      ({ annotations }) => readFurtherHosts(annotations.values).redirectsWww,
    );
    const owner = redirectingOwners.find((candidate) =>
      checkAliasPermit({ owner: candidate, annotation: FURTHER_HOSTS.redirect }, redirectHost, options, report),
    );
    if (!owner || !reserve(redirectHost, hostGrant, { owner, annotation: FURTHER_HOSTS.redirect })) return [];
    return [{ host: redirectHost, ownership: { type: "www-redirect", to: hostGrant.host }, claims: [] }];
  });
  const aliases = orderedGrants.flatMap((hostGrant) => {
    const { owner, names: requestedNames } = resolveAliases(hostGrant, options, report);
    const reservedNames = requestedNames.filter(
      (name) => owner && reserve(name, hostGrant, { owner, annotation: FURTHER_HOSTS.aliases }),
    );
    return reservedNames.map((name) => ({ hostGrant, name }));
  });
  return {
    aliasGrants: [...aliases.map(({ hostGrant, name }) => ({ ...hostGrant, host: name })), ...redirects],
    tlsAliases: aliases.filter(({ hostGrant, name }) => coversAlias(hostGrant, name)).map(({ name }) => name),
  };
}

/** Whether an Ingress of a host requests aliases. Few hosts do, and only those are sorted and searched. */
export function requestsAliases(hostGrant: HostGrant): boolean {
  return listOwners(hostGrant).some(({ annotations }) =>
    aliasPolicies.some(({ name, annotationNames }) =>
      annotationNames.some((annotation) => annotations.values[name][annotation]),
    ),
  );
}

/** `"example.com"` → `"www.example.com"`, and back. */
export function findWwwCounterpart(host: string): string | undefined {
  if (host === CATCH_ALL_HOST || host.startsWith("*")) return undefined;
  return host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`;
}

/** Checks that a namespace may claim an alias. Done before conflicts, so that a refused alias blocks no other. */
function checkAliasPermit(
  { owner, annotation }: { owner: IngressConfig; annotation: AliasAnnotation },
  name: string,
  { permits, mayUseName }: AliasOptions,
  report: Report,
): boolean {
  const { namespace } = owner.ingress;
  if (!mayUseName(namespace, name)) {
    const problem = `alias ${name} belongs to another namespace, which has an older Ingress for it`;
    report("HostOwnerConflict", buildAliasSubject(owner, annotation), problem, "remove the alias");
    return false;
  }
  if (permitsHost(permits, namespace, name)) return true;
  const problem = `alias not permitted for namespace ${namespace}: ${name}`;
  const remedy = `ask your edgress administrator to permit it for namespace ${namespace}, or remove it`;
  report("ClaimNotPermitted", buildAliasSubject(owner, annotation), problem, remedy);
  return false;
}

/**
 * Returns the aliases of the oldest Ingress that sets any. They apply to the whole host; those of younger ones are
 * ignored.
 */
function resolveAliases(hostGrant: HostGrant, options: AliasOptions, report: Report) {
  const { host } = hostGrant;
  const aliasOwners = listOwners(hostGrant).filter((owner) => listAliasTexts(owner).length > 0);
  const [oldestAliases, ...laterAliases] = aliasOwners
    .map((owner) => filterPermittedAliases(owner, options, report))
    .filter(({ hasAliases }) => hasAliases);
  for (const { owner } of laterAliases) {
    const problem = `aliases ignored: an older Ingress already sets the aliases of ${host}`;
    report(
      "HostAliasConflict",
      buildAliasSubject(owner, FURTHER_HOSTS.aliases),
      problem,
      "set all aliases in the older Ingress",
    );
  }
  return {
    owner: oldestAliases?.owner,
    names: oldestAliases ? parseAliases(oldestAliases.owner, oldestAliases.texts, report) : [],
  };
}

/** Returns the permitted aliases of an Ingress, as written; undefined if it sets none that is permitted. */
function filterPermittedAliases(owner: IngressConfig, options: AliasOptions, report: Report) {
  const texts = listAliasTexts(owner).filter((text) => {
    const host = parseHost(text);
    return !host.ok || checkAliasPermit({ owner, annotation: FURTHER_HOSTS.aliases }, host.value, options, report);
  });
  return { owner, texts, hasAliases: texts.length > 0 };
}

function parseAliases(owner: IngressConfig, texts: readonly string[], report: Report): string[] {
  const subject = buildAliasSubject(owner, FURTHER_HOSTS.aliases);
  const names = texts.flatMap((text) => {
    const host = text.startsWith("~") ? undefined : parseHost(text);
    if (!host?.ok) {
      const problem = host?.problem ?? `regex not allowed as a host at the edge: ${text}`;
      report("InvalidAnnotation", subject, problem, 'list the hosts, or use "*.example.com"; until then it is dropped');
      return [];
    }
    if (host.value.startsWith("*")) {
      const problem = `${host.value} matches one label; in ingress-nginx an alias matches any number of labels`;
      report("PartiallySupported", subject, problem, "list deeper hosts as well");
    }
    return [host.value];
  });
  return [...new Set(names)].toSorted(compareText);
}

function listAliasTexts({ annotations }: IngressConfig): readonly string[] {
  return readFurtherHosts(annotations.values).aliases;
}

/**
 * Whether the host's certificate covers the alias. The names come from the `spec.tls` of the oldest Ingress that has
 * one, because the certificate was issued for it.
 */
function coversAlias(hostGrant: HostGrant, name: string): boolean {
  const tls = listOwners(hostGrant).find(({ ingress }) => ingress.tls.length > 0)?.ingress.tls ?? [];
  const names = new Set(tls.flatMap(({ hosts }) => hosts.map((host) => host.toLowerCase())));
  const keys = name.startsWith("*") ? [name] : listHostCandidates(name).filter((key) => key !== CATCH_ALL_HOST);
  return keys.some((key) => names.has(key));
}
