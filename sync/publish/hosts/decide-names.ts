import type { HostIssue, HostSettings, WantedHost } from "./model.ts";
import { decideRecord, decideRoute, type NameDecision, type NameIssue } from "./name-decisions.ts";
import { createCoverage, decideWildcards, type HostName } from "./wildcards.ts";
import type { ZoneView } from "./zone-view.ts";

/** A name and its decisions; undefined if a wildcard covers its record or route. */
export interface DecidedName extends HostName {
  readonly record: NameDecision | undefined;
  readonly route: NameDecision | undefined;
  readonly issue?: NameIssue;
}

/** Decides about every name of a zone: the wildcards first, because they cover others. */
export function decideNames(
  view: ZoneView,
  hosts: readonly WantedHost[],
  settings: HostSettings,
): readonly DecidedName[] {
  const wildcards = decideWildcards(view, hosts, settings);
  const findCoverage = createCoverage(view, hosts, wildcards);
  const exactHosts = hosts.filter(({ host }) => !host.startsWith("*."));
  const exactNames = exactHosts.map((wanted): DecidedName => {
    const { host: name } = wanted;
    const covered = findCoverage(name);
    const record = covered.record ? undefined : decideRecord(view, name, settings);
    const route = covered.route ? undefined : decideRoute(view, name, settings);
    return { name, hosts: [wanted], record, route };
  });
  return [...wildcards, ...exactNames];
}

/** Returns the issues of each host. */
export function listIssues(decided: readonly DecidedName[]): HostIssue[] {
  return decided.flatMap(({ hosts, record, route, issue }) => {
    const issues = [issue, readIssue(record), readIssue(route)].filter((found) => found !== undefined);
    return issues.flatMap((found) => hosts.map(({ host }) => ({ host, ...found })));
  });
}

function readIssue(decision: NameDecision | undefined): NameIssue | undefined {
  return decision === undefined || decision.type === "add" ? undefined : decision.issue;
}
