import { compareText } from "../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, findZone, listHostCandidates, parseHost } from "../../../src/rules/hosts.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { FURTHER_HOSTS, readFurtherHosts, redirectHost } from "../../../src/rules/policies/from-to-www.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { permitsHost } from "../../permits/model.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { Options } from "../options.ts";
import { buildSubject, type IngressWithAnnotations } from "./claims.ts";
import type { HostGrant } from "./resolve-conflicts.ts";
import { createRouteCounter, type RouteCounts, reportQuotaExceeded } from "./route-quota.ts";

/** Hosts with the names that they have beside their own. */
export interface HostsWithAliases {
  /** A plan a name: an alias has the plan of its host. */
  readonly grants: readonly HostGrant[];
  /** Names that are sent to a host. */
  readonly redirects: readonly HostRules[];
  /** Aliases that a certificate of their host covers. */
  readonly tlsAliases: readonly string[];
}

const aliasPolicies = compiledPolicies.flatMap(({ name, furtherHosts }) =>
  furtherHosts === "none" ? [] : [{ name, annotationNames: Object.values(furtherHosts) }],
);

type AliasAnnotation = (typeof FURTHER_HOSTS)[keyof typeof FURTHER_HOSTS];

/**
 * Gives hosts the names that from-to-www-redirect and server-alias ask for. Rules' own hosts keep their names; of the
 * others the first host in order of names does, and redirects come before aliases, as in ingress-nginx.
 */
export function addAliases(
  grantsByHost: ReadonlyMap<string, HostGrant>,
  options: Pick<Options, "zones" | "permits">,
  routeCounts: RouteCounts,
  report: Report,
): HostsWithAliases {
  const grants = [...grantsByHost.values()];
  const grantsWithAliases = grants.filter(({ owners }) => owners.some(requestsAliases));
  if (grantsWithAliases.length === 0) return { grants, redirects: [], tlsAliases: [] };
  const reserve = createAliasRegistry(grantsByHost, options, routeCounts, report);
  const orderedGrants = grantsWithAliases.toSorted((a, b) => compareText(a.host, b.host));
  const redirects = orderedGrants.flatMap((hostGrant) => {
    const counterpart = findWwwCounterpart(hostGrant.host);
    if (counterpart === undefined) return [];
    const redirectingOwners = hostGrant.owners.filter(
      ({ annotations }) => readFurtherHosts(annotations.values).redirectsWww,
    );
    const owner = redirectingOwners.find((candidate) =>
      checkAliasPermit(candidate, counterpart, FURTHER_HOSTS.redirect, options, report),
    );
    if (!owner || !reserve(counterpart, hostGrant, owner, FURTHER_HOSTS.redirect)) return [];
    return [{ host: counterpart, policies: redirectHost(hostGrant.host), routes: [], backends: {} }];
  });
  const aliases = orderedGrants.flatMap((hostGrant) => {
    const { owner, names: requestedNames } = resolveAliases(hostGrant, options, report);
    const reservedNames = requestedNames.filter(
      (name) => owner && reserve(name, hostGrant, owner, FURTHER_HOSTS.aliases),
    );
    return reservedNames.map((name) => ({ hostGrant, name }));
  });
  return {
    grants: [...grants, ...aliases.map(({ hostGrant, name }) => ({ ...hostGrant, host: name }))],
    redirects,
    tlsAliases: aliases.filter(({ hostGrant, name }) => coversAlias(hostGrant, name)).map(({ name }) => name),
  };
}

/** Few do, so that the others need not be put in order, nor their names be known. */
function requestsAliases({ annotations }: IngressWithAnnotations): boolean {
  return aliasPolicies.some(({ name, annotationNames }) =>
    annotationNames.some((annotation) => annotations.values[name][annotation]),
  );
}

type ReserveAlias = (
  name: string,
  hostGrant: HostGrant,
  owner: IngressWithAnnotations,
  annotation: AliasAnnotation,
) => boolean;

/** Names and whose they are. A name is taken once: by rules of its own, else by the host that asks first. */
function createAliasRegistry(
  grants: ReadonlyMap<string, HostGrant>,
  { zones, permits }: Pick<Options, "zones" | "permits">,
  routeCounts: RouteCounts,
  report: Report,
): ReserveAlias {
  const holdersByName = new Map<string, string>(); // beside the hosts themselves
  // Who has but part of a host does not keep its name from others.
  const findHolder = (name: string) => holdersByName.get(name) ?? (grants.get(name)?.owners.length ? name : undefined);
  const takeRoutes = createRouteCounter(permits, routeCounts);
  return (name, { host, claims }, owner, annotation) => {
    const holder = findHolder(name);
    const subject = buildSubject(owner.ingress, buildAnnotationField(owner, annotation));
    if (holder !== undefined) {
      if (name !== host) reportAliasConflict(name, holder, subject, report);
      return false;
    }
    const { namespace } = owner.ingress;
    // A name that is sent on has no routes; any other has all of its host's.
    if (!takeRoutes(namespace, annotation === FURTHER_HOSTS.aliases ? Math.max(1, claims.length) : 1)) {
      reportQuotaExceeded(namespace, `host ${name}`, subject, permits, report);
      return false;
    }
    holdersByName.set(name, host);
    if (findZone(name, zones) === undefined) {
      report("HostNotInZone", subject, `${name} lies in none of the account's zones`, "add its zone to the account");
    }
    return true;
  };
}

function reportAliasConflict(name: string, holder: string, subject: Subject, report: Report): void {
  const problem = holder === name ? `${name} is a host of its own` : `${name} is a name of ${holder} already`;
  report("HostAliasConflict", subject, problem, "remove the one or the other");
}

/** `"example.com"` → `"www.example.com"`, and back. */
function findWwwCounterpart(host: string): string | undefined {
  if (host === CATCH_ALL_HOST || host.startsWith("*")) return undefined;
  return host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`;
}

/** Whether a namespace may have a further name, which is refused before anyone else is asked. */
function checkAliasPermit(
  owner: IngressWithAnnotations,
  name: string,
  annotation: AliasAnnotation,
  { permits }: Pick<Options, "permits">,
  report: Report,
): boolean {
  const { ingress } = owner;
  const { namespace } = ingress;
  if (permitsHost(permits, namespace, name)) return true;
  const problem = `namespace ${namespace} may not claim host ${name}`;
  const remedy = `ask whoever keeps the permits of edgress to add it for namespace ${namespace}, or take it out`;
  report("ClaimNotPermitted", buildSubject(ingress, buildAnnotationField(owner, annotation)), problem, remedy);
  return false;
}

/** The aliases of the oldest Ingress of a host that has any: they count for all of the host, and no other's do. */
function resolveAliases({ host, owners }: HostGrant, options: Pick<Options, "permits">, report: Report) {
  const aliasOwners = owners.filter((owner) => listAliasTexts(owner).length > 0);
  const [oldestAliases, ...laterAliases] = aliasOwners
    .map((owner) => filterPermittedAliases(owner, options, report))
    .filter(({ hasAliases }) => hasAliases);
  for (const { owner } of laterAliases) {
    const problem = `an older Ingress has the aliases of ${host}; these count for nothing`;
    report(
      "HostAliasConflict",
      buildSubject(owner.ingress, buildAnnotationField(owner, FURTHER_HOSTS.aliases)),
      problem,
      "name all in that one",
    );
  }
  return {
    owner: oldestAliases?.owner,
    names: oldestAliases ? parseAliases(oldestAliases.owner, oldestAliases.texts, report) : [],
  };
}

/** The aliases that an Ingress may have, as written. One that asks for nothing but what it may not have does not ask. */
function filterPermittedAliases(owner: IngressWithAnnotations, options: Pick<Options, "permits">, report: Report) {
  const texts = listAliasTexts(owner).filter((text) => {
    const host = parseHost(text);
    return !host.ok || checkAliasPermit(owner, host.value, FURTHER_HOSTS.aliases, options, report);
  });
  return { owner, texts, hasAliases: texts.length > 0 };
}

function parseAliases(owner: IngressWithAnnotations, texts: readonly string[], report: Report): string[] {
  const subject = buildSubject(owner.ingress, buildAnnotationField(owner, FURTHER_HOSTS.aliases));
  const names = texts.flatMap((text) => {
    const host = text.startsWith("~") ? undefined : parseHost(text);
    if (!host?.ok) {
      const problem = host?.problem ?? `${text} is an expression, which can't be a host at the edge`;
      report(
        "InvalidAnnotation",
        subject,
        problem,
        'name the hosts, or write "*.example.com"; until then it is left out',
      );
      return [];
    }
    if (host.value.startsWith("*")) {
      const problem = `${host.value} stands for one label; ingress-nginx takes any number of them in an alias`;
      report("PartiallySupported", subject, problem, "name deeper hosts as well");
    }
    return [host.value];
  });
  return [...new Set(names)].toSorted(compareText);
}

function listAliasTexts({ annotations }: IngressWithAnnotations): readonly string[] {
  return readFurtherHosts(annotations.values).aliases;
}

function buildAnnotationField({ annotations }: IngressWithAnnotations, annotation: AliasAnnotation): string {
  return `metadata.annotations[${annotations.findKey(annotation) ?? annotation}]`;
}

/**
 * Whether the host's certificate is one for the alias too. The names that a certificate is for are taken from the
 * `spec.tls` of the oldest Ingress that has one, since that is what it was ordered for.
 */
function coversAlias({ owners }: HostGrant, name: string): boolean {
  const tls = owners.find(({ ingress }) => ingress.tls.length > 0)?.ingress.tls ?? [];
  const names = new Set(tls.flatMap(({ hosts }) => hosts.map((host) => host.toLowerCase())));
  const keys = name.startsWith("*") ? [name] : listHostCandidates(name).filter((key) => key !== CATCH_ALL_HOST);
  return keys.some((key) => names.has(key));
}
