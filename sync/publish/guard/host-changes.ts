import type { HostRules } from "../../../src/rules/snapshot.ts";
import { diffLists } from "../../incremental/list-diff.ts";

/** Previous and current rules of a host that may have changed. */
export interface HostChange {
  readonly before: HostRules | undefined; // for a new host
  readonly after: HostRules | undefined; // for a removed host
}

/** Returns the hosts whose rules are not the same object in both lists. Each list has a host once. */
export function diffHosts(before: readonly HostRules[], after: readonly HostRules[]): HostChange[] {
  const { removed, added } = diffLists(before, after);
  const previousRules = new Map(removed.map((rules) => [rules.host, rules]));
  const currentRules = new Map(added.map((rules) => [rules.host, rules]));
  const changes = added.map((rules): HostChange => ({ before: previousRules.get(rules.host), after: rules }));
  return [
    ...removed.filter(({ host }) => !currentRules.has(host)).map((rules) => ({ before: rules, after: undefined })),
    ...changes,
  ];
}
