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

/** Names and whose they are. A name is taken once: by rules of its own, else by the host that asks first. */
export function createAliasRegistry(
  findGrant: (host: string) => HostGrant | undefined,
  { zones, permits }: AliasOptions,
  routeCounts: RouteCounts,
  report: Report,
): ReserveAlias {
  const holdersByName = new Map<string, string>(); // beside the hosts themselves
  // Who has but part of a host does not keep its name from others.
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
    // A name that is sent on has no routes; any other has all of its host's.
    if (!takeRoutes(namespace, annotation === FURTHER_HOSTS.aliases ? Math.max(1, claims.length) : 1)) {
      const { problem, remedy } = describeQuota(namespace, `host ${name}`, permits);
      report("RouteQuotaExceeded", subject, problem, remedy);
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

/** The subject of a diagnostic of an alias. */
export function buildAliasSubject({ ingress, annotations }: IngressConfig, annotation: AliasAnnotation): Subject {
  return buildSubject(ingress, `metadata.annotations[${annotations.findKey(annotation) ?? annotation}]`);
}
