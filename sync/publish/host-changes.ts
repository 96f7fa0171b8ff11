import type { HostRules } from "../../src/rules/snapshot.ts";
import { differences } from "../differences.ts";

/** A host of which something may have changed: its rules as they were, and as they are. */
export interface HostChange {
  readonly before: HostRules | undefined; // of one that is new
  readonly after: HostRules | undefined; // of one that is gone
}

/** The hosts whose rules are not the same object in both lists, each of which has a host once. */
export function hostChanges(before: readonly HostRules[], after: readonly HostRules[]): HostChange[] {
  const { gone, fresh } = differences(before, after);
  const then = new Map(gone.map((rules) => [rules.host, rules]));
  const now = new Map(fresh.map((rules) => [rules.host, rules]));
  const changes = fresh.map((rules): HostChange => ({ before: then.get(rules.host), after: rules }));
  return [
    ...gone.filter(({ host }) => !now.has(host)).map((rules) => ({ before: rules, after: undefined })),
    ...changes,
  ];
}
