import type { Rules } from "../../src/rules/snapshot.ts";
import type { Changes } from "../publish/changes/format-changes.ts";
import { isEmptyChange, summarizeChanges, toNameChanges } from "../publish/changes/summarize-changes.ts";
import type { RecordChanges, StaleRecord } from "../publish/dns/sync-records.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import { computeRulesDigest } from "../publish/plan-publication.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import type { CompileDependencies, CompiledCluster } from "./pipeline.ts";
import { guardRules } from "./publish-cluster.ts";

/** What a publication would do. Nothing is written. */
export interface PlannedPublication {
  readonly rules: Rules; // with the removals that the deletion guard blocks
  /** Whether a key in KV or a DNS record would be written. */
  readonly hasChanges: boolean;
  readonly changes: Changes;
  readonly blockedRemovals: readonly BlockedRemoval[];
  readonly staleRecords: readonly StaleRecord[];
}

/** Compares compiled rules with the published snapshot and the DNS records. */
export async function planChanges(
  { compilation }: CompiledCluster,
  snapshot: PublishedSnapshot,
  limits: DeletionLimits,
  { account, records }: Pick<CompileDependencies, "account" | "records">,
): Promise<PlannedPublication> {
  const { rules, blockedRemovals } = guardRules(snapshot, compilation.rules, limits, new Set());
  const { staleRecords, ...recordChanges } = await records.plan(rules);
  const changes = collectChanges(snapshot, rules, recordChanges);
  const isPublished = snapshot.manifest?.digest === computeRulesDigest(rules) && snapshot.missingShards.length === 0;
  const isSigned = account.signer.verify(snapshot.currentBytes ?? "") !== undefined; // not during a rotation of keys
  const hasChanges = !isPublished || !isSigned || !isEmptyChange(changes.records);
  return { rules, hasChanges, changes, blockedRemovals, staleRecords };
}

/** Returns the changes from a published snapshot to rules, with those of DNS records. */
export function collectChanges(
  before: Pick<PublishedSnapshot, "hosts">,
  after: Pick<Rules, "hosts">,
  { added, removed }: RecordChanges,
): Changes {
  const recordChanges = toNameChanges(added, removed);
  return { ...summarizeChanges(before.hosts, after.hosts), records: recordChanges };
}
