import { compareText } from "../../../src/rules/compare-text.ts";
import { formatMatch } from "../../../src/rules/format-match.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { diffHosts, type HostChange } from "../guard/host-changes.ts";
import { findSettingsKey } from "./settings-key.ts";

/** Names that a publication adds, changes and removes, each list sorted. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The differences between the published snapshot and the next one. */
export interface RuleChanges {
  readonly hosts: NameChanges;
  readonly routes: NameChanges; // "shop.example.com prefix /cart of default/shop"
  readonly ingresses: NameChanges; // "namespace/name"
}

/** The routes of a host by path type and path. */
type RouteIndex = ReadonlyMap<string, { readonly ingress: string; readonly line: string; readonly text: string }>;

/** Returns the differences between two lists of hosts. A moved address or a changed Secret changes its routes. */
export function summarizeChanges(before: readonly HostRules[], after: readonly HostRules[]): RuleChanges {
  const changes = diffHosts(before, after).map(diffHost);
  const routes = mergeChanges(changes.map((change) => change.routes));
  return {
    hosts: mergeChanges(changes.map((change) => change.hosts)),
    routes,
    ingresses: diffIngresses(before, after, new Set(changes.flatMap(({ ingresses }) => ingresses))),
  };
}

/** Sorts changed names. A name that is both added and removed is changed. */
export function toNameChanges(added: readonly string[], removed: readonly string[]): NameChanges {
  const [addedSet, removedSet] = [new Set(added), new Set(removed)];
  return sortChanges({
    added: [...addedSet].filter((name) => !removedSet.has(name)),
    changed: [...addedSet].filter((name) => removedSet.has(name)),
    removed: [...removedSet].filter((name) => !addedSet.has(name)),
  });
}

/** Whether nothing is added, changed or removed. */
export function isEmptyChange({ added, changed, removed }: NameChanges): boolean {
  return added.length + changed.length + removed.length === 0;
}

function diffHost({ before, after }: HostChange) {
  const [previous, current] = [indexRoutes(before), indexRoutes(after)];
  const added = [...current].filter(([match]) => !previous.has(match));
  const removed = [...previous].filter(([match]) => !current.has(match));
  const changed = [...current].filter(([match, { text }]) => previous.has(match) && previous.get(match)?.text !== text);
  const getLines = (entries: typeof added) => entries.map(([, { line }]) => line);
  const movedOwners = changed.flatMap(([match]) => previous.get(match)?.ingress ?? []);
  const hasChanged = added.length + removed.length + changed.length > 0 || hasOtherPolicies({ before, after });
  const host = (after ?? before)?.host ?? "";
  return {
    hosts: {
      added: before ? [] : [host],
      changed: before && after && hasChanged ? [host] : [],
      removed: after ? [] : [host],
    },
    routes: { added: getLines(added), changed: getLines(changed), removed: getLines(removed) },
    ingresses: [...[...added, ...removed, ...changed].map(([, { ingress }]) => ingress), ...movedOwners],
  };
}

function hasOtherPolicies({ before, after }: HostChange): boolean {
  if (!before || !after) return false;
  return findSettingsKey(before.policies) !== findSettingsKey(after.policies);
}

function indexRoutes(rules: HostRules | undefined): RouteIndex {
  if (!rules) return new Map();
  return new Map(
    rules.routes.map((route) => {
      const match = formatMatch(route.path, route.when);
      const ingress = parseRouteOwner(route.id);
      const line = `${rules.host} ${match}${ingress === "" ? "" : ` of ${ingress}`}`;
      return [match, { ingress, line, text: serializeRoute(route, rules) }];
    }),
  );
}

/** Serializes all that decides the answers of a route. The rest of its id is only its position in the Ingress. */
function serializeRoute(route: Route, { policies, backends }: HostRules): string {
  const names = JSON.stringify([route.backend, route.policies, policies]); // policies can name further backends
  const usedBackends = Object.entries(backends).filter(([id]) => names.includes(JSON.stringify(id)));
  const settings = [policies, route.policies].map(findSettingsKey);
  return toCanonicalJson([parseRouteOwner(route.id), route.backend, Object.fromEntries(usedBackends), settings]);
}

function diffIngresses(
  before: readonly HostRules[],
  after: readonly HostRules[],
  changedNames: ReadonlySet<string>,
): NameChanges {
  const [previous, current] = [findIngresses(before), findIngresses(after)];
  const names = [...changedNames].filter((name) => name !== "");
  return sortChanges({
    added: names.filter((name) => !previous.has(name)),
    changed: names.filter((name) => previous.has(name) && current.has(name)),
    removed: names.filter((name) => !current.has(name)),
  });
}

function findIngresses(hosts: readonly HostRules[]): ReadonlySet<string> {
  return new Set(hosts.flatMap(({ routes }) => routes.map(({ id }) => parseRouteOwner(id))));
}

function mergeChanges(parts: readonly NameChanges[]): NameChanges {
  return sortChanges({
    added: parts.flatMap(({ added }) => added),
    changed: parts.flatMap(({ changed }) => changed),
    removed: parts.flatMap(({ removed }) => removed),
  });
}

function sortChanges({ added, changed, removed }: NameChanges): NameChanges {
  return {
    added: added.toSorted(compareText),
    changed: changed.toSorted(compareText),
    removed: removed.toSorted(compareText),
  };
}
