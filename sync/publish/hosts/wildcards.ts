import { toWildcard } from "./match-registry.ts";
import type { HostSettings, WantedHost } from "./model.ts";
import { decideRecord, decideRoute, findCapturedNames, type NameDecision, type NameIssue } from "./name-decisions.ts";
import { findHostRoute, parsePattern } from "./route-patterns.ts";
import { listAncestors, type ZoneView } from "./zone-view.ts";

/** A name with a record or route, and the hosts that it serves. */
export interface HostName {
  readonly name: string;
  readonly hosts: readonly WantedHost[];
}

/** A wildcard, and the decisions about it. */
export interface WildcardDecision extends HostName {
  readonly record: NameDecision;
  readonly route: NameDecision;
  readonly issue?: NameIssue;
}

/** Decides about the wildcards of a zone: those of rules, and those that replace many hosts of one level. */
export function decideWildcards(
  view: ZoneView,
  hosts: readonly WantedHost[],
  settings: HostSettings,
): readonly WildcardDecision[] {
  const fromRules = hosts
    .filter(({ host }) => host.startsWith("*."))
    .map((host) => ({ name: host.host, hosts: [host] }));
  const names = new Set(hosts.map(({ host }) => host));
  const replacing = findLevels(view, hosts, settings).filter(({ name }) => !names.has(name));
  return [...fromRules, ...replacing].map((wildcard) => decideWildcard(view, wildcard, names, settings));
}

/** Whether a wildcard serves the hosts of its level. */
export function isUsable({ record, route }: WildcardDecision): boolean {
  return record.type !== "refused" && route.type !== "refused";
}

function decideWildcard(
  view: ZoneView,
  wildcard: HostName,
  hosts: ReadonlySet<string>,
  settings: HostSettings,
): WildcardDecision {
  const captured = findCapturedNames(view, wildcard.name, hosts);
  const route = decideRoute(view, wildcard.name, settings);
  const record = decideRecord(view, wildcard.name, settings);
  if (captured.length === 0) return { ...wildcard, record, route };
  const issue: NameIssue = {
    reason: "WildcardCapturesNames",
    problem: `the route of ${wildcard.name} takes the requests for ${captured.slice(0, 3).join(", ")}${captured.length > 3 ? " and others" : ""}, whose DNS records belong to someone else`,
    remedy: "add a route without a Worker for each of these names, or turn off its proxy",
  };
  return route.type === "add"
    ? { ...wildcard, record: { type: "refused" }, route: { type: "refused" }, issue }
    : { ...wildcard, record, route, issue };
}

/** Types of records that no wildcard may replace or hide, because they name a service of another owner. */
const SERVICE_TYPES = ["A", "AAAA", "CNAME", "NS", "HTTPS", "SVCB"];

/**
 * Returns the wildcards that replace the hosts of a level with many hosts. No name of another owner may exist at or below
 * the level: neither an address, nor a delegation, nor a route.
 */
function findLevels(
  view: ZoneView,
  hosts: readonly WantedHost[],
  { minWildcardHosts, script }: HostSettings,
): readonly HostName[] {
  if (minWildcardHosts === undefined) return [];
  const exactHosts = hosts.filter(({ host }) => !host.startsWith("*.") && host !== view.zone);
  return [...Map.groupBy(exactHosts, ({ host }) => toWildcard(host))].flatMap(([name, levelHosts]) => {
    // Half of the number keeps an existing wildcard, so that one host more or less changes nothing.
    const minimum = view.matched.records.has(name) ? Math.ceil(minWildcardHosts / 2) : minWildcardHosts;
    const suffix = name.slice(1);
    const isFree =
      !view.foreignRecords.some((record) => SERVICE_TYPES.includes(record.type) && record.name.endsWith(suffix)) &&
      !view.routes.some((route) => isForeignRoute(route.pattern, suffix) && !isOurs(view, route.pattern, script)) &&
      !levelHosts.some(({ host }) => view.isExternalDns(host)) &&
      view.findDelegation(suffix.slice(1)) === undefined;
    return levelHosts.length >= minimum && isFree ? [{ name, hosts: levelHosts }] : [];
  });
}

function isForeignRoute(pattern: string, suffix: string): boolean {
  return parsePattern(pattern).host.endsWith(suffix);
}

function isOurs(view: ZoneView, pattern: string, script: string): boolean {
  return view.routes.some((route) => route.pattern === pattern && route.script === script);
}

/** Returns whether the usable wildcards serve the record and the route of an exact host. */
export function createCoverage(
  view: ZoneView,
  hosts: readonly WantedHost[],
  wildcards: readonly WildcardDecision[],
): (host: string) => { readonly record: boolean; readonly route: boolean } {
  const usableNames = new Set(wildcards.filter(isUsable).map(({ name }) => name));
  // A name exists if a record is below it, also a wildcard, and a wildcard does not cover a name that exists.
  const namesAboveHosts = new Set(hosts.flatMap(({ host }) => listAncestors(host, view.zone)));
  return (host) => {
    const isCovered = host !== view.zone && usableNames.has(toWildcard(host));
    const isMissing = !view.existingNames.has(host) && !namesAboveHosts.has(host);
    const route = findHostRoute(view.routes, host);
    const hasOwnRoute = route !== undefined && parsePattern(route.pattern).host === host;
    return {
      record: isCovered && isMissing,
      route: isCovered && (!hasOwnRoute || view.matched.routes.has(route.pattern)),
    };
  };
}
