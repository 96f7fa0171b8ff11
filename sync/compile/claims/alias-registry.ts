import { findZone } from "../../../src/rules/hosts.ts";
import { FURTHER_HOSTS } from "../../../src/rules/policies/from-to-www.ts";
import { findLimits } from "../../permits/limits.ts";
import type { Permits } from "../../permits/model.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { Claim, HostGrant, IngressConfig } from "../model.ts";
import type { Options } from "../options.ts";
import { buildSubject } from "./claims.ts";
import { createQuotaCounter, describeQuota, type QuotaUses } from "./route-quota.ts";
import { BARE_ROUTE_BYTES, type EstimatePolicyBytes } from "./route-size.ts";

export type AliasAnnotation = (typeof FURTHER_HOSTS)[keyof typeof FURTHER_HOSTS];

export interface AliasOptions extends Pick<Options, "zones" | "permits"> {
  readonly estimatePolicyBytes: EstimatePolicyBytes;
  /** Whether the namespace may add the name to its hosts: with exclusive hosts, another namespace may own it. */
  readonly mayUseName: (namespace: string, name: string) => boolean;
}

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
  { zones, permits, estimatePolicyBytes }: AliasOptions,
  quotaUses: QuotaUses,
  report: Report,
): ReserveAlias {
  const holdersByName = new Map<string, string>(); // aliases only, not hosts in rules
  // A host with only path-limited namespaces does not reserve its name.
  const findHolder = (name: string) =>
    holdersByName.get(name) ?? (findGrant(name)?.ownership.type === "full" ? name : undefined);
  const takeAliasQuota = createAliasQuota(permits, estimatePolicyBytes, quotaUses);
  return (name, { host, claims }, { owner, annotation }) => {
    const holder = findHolder(name);
    const subject = buildAliasSubject(owner, annotation);
    if (holder !== undefined) {
      if (name !== host) reportAliasConflict(name, holder, subject, report);
      return false;
    }
    // A redirect has no routes; an alias has all routes of its host.
    const quotaProblem = takeAliasQuota(
      owner.ingress.namespace,
      name,
      annotation === FURTHER_HOSTS.aliases ? claims : [],
    );
    if (quotaProblem) {
      report(quotaProblem.reason, subject, quotaProblem.problem, quotaProblem.remedy);
      return false;
    }
    holdersByName.set(name, host);
    if (findZone(name, zones) === undefined) {
      report("HostNotInZone", subject, `${name} is in no zone of the account`, "add its zone to the account");
    }
    return true;
  };
}

/** Counts the routes and bytes of aliases, because an alias repeats the routes of its host, also of other namespaces. */
function createAliasQuota(permits: Permits, estimatePolicyBytes: EstimatePolicyBytes, quotaUses: QuotaUses) {
  const takeQuota = createQuotaCounter(permits, quotaUses);
  const usedBytes = new Map<string, number>();
  return (namespace: string, name: string, claims: readonly Claim[]) => {
    const exceeded = takeQuota(namespace, { routes: Math.max(1, claims.length), regexes: 0 });
    if (exceeded !== undefined) return describeQuota(namespace, `host ${name}`, permits, exceeded);
    const bytes = claims.reduce((sum, { owner }) => sum + BARE_ROUTE_BYTES + estimatePolicyBytes(owner), 0);
    const total = (usedBytes.get(namespace) ?? 0) + bytes;
    if (total > findLimits(permits, namespace).maxBytes)
      return describeQuota(namespace, `host ${name}`, permits, "bytes");
    usedBytes.set(namespace, total);
    return undefined;
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
