import type { DecidedName } from "./decide-names.ts";
import type { HostIssue, HostSettings, ZoneState } from "./model.ts";
import { findHostRoute } from "./route-patterns.ts";

/** The names whose records and routes are added, and an issue for each host without space in the zone. */
export interface AdmittedNames {
  readonly names: readonly DecidedName[];
  readonly issues: readonly HostIssue[];
  /** Number of names that a later sync adds. */
  readonly postponed: number;
}

/**
 * Admits new names until the zone has no space for a record or route. Namespaces take turns, so that one with many hosts
 * costs the others nothing. If a route of others already runs our script for a name, it needs no route in a full zone.
 */
export function admitNames(
  decided: readonly DecidedName[],
  { zone, records, routes, maxRecords, maxRoutes }: ZoneState,
  { script, maxNewRoutes = Number.POSITIVE_INFINITY }: HostSettings,
): AdmittedNames {
  let [freeRecords, freeRoutes] = [Math.max(0, maxRecords - records.length), Math.max(0, maxRoutes - routes.length)];
  const names: DecidedName[] = [];
  const issues: HostIssue[] = [];
  const lastFreeRoute = Math.max(0, freeRoutes - maxNewRoutes);
  let postponed = 0;
  for (const candidate of inTurns(decided.filter(isAdmissible))) {
    const isRouted = freeRoutes === 0 && findHostRoute(routes, candidate.name)?.script === script;
    const name: DecidedName = isRouted ? { ...candidate, route: { type: "present" } } : candidate;
    const needed = countNeeded(name);
    if (needed.routes > 0 && freeRoutes > 0 && freeRoutes === lastFreeRoute) {
      postponed++;
      continue;
    }
    if (needed.records <= freeRecords && needed.routes <= freeRoutes) {
      freeRecords -= needed.records;
      freeRoutes -= needed.routes;
      names.push(name);
      continue;
    }
    const limit = needed.records > freeRecords ? `${maxRecords} DNS records` : `${maxRoutes} Workers routes`;
    issues.push(...name.hosts.map(({ host }) => buildIssue(host, `zone ${zone.name} has reached its ${limit}`)));
  }
  return { names, issues, postponed };
}

function countNeeded({ record, route }: DecidedName) {
  return { records: record?.type === "add" && !record.replaced ? 1 : 0, routes: route?.type === "add" ? 1 : 0 };
}

function buildIssue(host: string, cause: string): HostIssue {
  const problem = `${host} is not served: ${cause}`;
  const remedy = "delete unused ones, use a wildcard host, or move hosts to another zone";
  return { host, reason: "HostQuotaExceeded", problem, remedy };
}

/** Whether a name needs a record or route, and neither is refused: one without the other serves nothing. */
function isAdmissible({ record, route }: DecidedName): boolean {
  const types = [record?.type, route?.type];
  return types.includes("add") && !types.includes("refused");
}

/** Returns the wildcards, and then the other names: the first of each namespace, the second of each, and so on. */
function inTurns(names: readonly DecidedName[]): readonly DecidedName[] {
  const isWildcard = ({ name }: DecidedName) => name.startsWith("*.");
  const byNamespace = Map.groupBy(
    names.filter((name) => !isWildcard(name)),
    ({ hosts }) => hosts[0]?.namespaces[0] ?? "",
  );
  const turns = [...byNamespace.values()].flatMap((group) => group.map((name, index) => ({ name, index })));
  const sorted = turns.toSorted((a, b) => a.index - b.index).map(({ name }) => name);
  return [...names.filter(isWildcard), ...sorted];
}
