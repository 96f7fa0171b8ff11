import { findZone } from "../../../src/rules/hosts.ts";
import { FURTHER_HOSTS } from "../../../src/rules/policies/from-to-www.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { HostGrant, IngressConfig } from "../model.ts";
import type { Options } from "../options.ts";
import { buildSubject } from "./claims.ts";
import { createRouteCounter, describeQuota, type RouteCounts } from "./route-quota.ts";

export type AliasAnnotation = (typeof FURTHER_HOSTS)[keyof typeof FURTHER_HOSTS];

export type AliasOptions = Pick<Options, "zones" | "permits">;

type ReserveAlias = (
  name: string,
  hostGrant: HostGrant,
  request: { readonly owner: IngressConfig; readonly annotation: AliasAnnotation },
) => boolean;

/**
 * Returns a registry of names. A host in rules keeps its name; otherwise the first host that requests a name gets it.
 */
export function createAliasRegistry(
  findGrant: (host: string) => HostGrant | undefined,
  { zones, permits }: AliasOptions,
  routeCounts: RouteCounts,
  report: Report,
): ReserveAlias {
  const holdersByName = new Map<string, string>(); // aliases only, not hosts in rules
  // A host with only path-limited namespaces does not reserve its name.
  const findHolder = (name: string) =>
    holdersByName.get(name) ?? (findGrant(name)?.ownership.type === "full" ? name : undefined);
  const takeRoutes = createRouteCounter(permits, routeCounts);
  return (name, { host, claims }, { owner, annotation }) => {
    const holder = findHolder(name);
    const subject = buildAliasSubject(owner, annotation);
    if (holder !== undefined) {
      if (name !== host) reportAliasConflict(name, holder, subject, report);
      return false;
    }
    const { namespace } = owner.ingress;
    // A redirect has no routes; an alias has all routes of its host.
    if (!takeRoutes(namespace, annotation === FURTHER_HOSTS.aliases ? Math.max(1, claims.length) : 1)) {
      const { problem, remedy } = describeQuota(namespace, `host ${name}`, permits);
      report("RouteQuotaExceeded", subject, problem, remedy);
      return false;
    }
    holdersByName.set(name, host);
    if (findZone(name, zones) === undefined) {
      report("HostNotInZone", subject, `${name} is in no zone of the account`, "add its zone to the account");
    }
    return true;
  };
}

function reportAliasConflict(name: string, holder: string, subject: Subject, report: Report): void {
  const problem =
    holder === name
      ? `alias ${name} conflicts with the rules of host ${name}`
      : `alias ${name} already belongs to ${holder}`;
  report("HostAliasConflict", subject, problem, "remove one of the two");
}

/** Returns the subject of a diagnostic about an alias. */
export function buildAliasSubject({ ingress, annotations }: IngressConfig, annotation: AliasAnnotation): Subject {
  return buildSubject(ingress, `metadata.annotations[${annotations.findKey(annotation) ?? annotation}]`);
}
