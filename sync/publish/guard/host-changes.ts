import type { HostRules } from "../../../src/rules/snapshot.ts";
import { diffLists } from "../../incremental/list-diff.ts";

/** A host of which something may have changed: its rules as they were, and as they are. */
export interface HostChange {
  readonly before: HostRules | undefined; // of one that is new
  readonly after: HostRules | undefined; // of one that is gone
}

/** The hosts whose rules are not the same object in both lists, each of which has a host once. */
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
