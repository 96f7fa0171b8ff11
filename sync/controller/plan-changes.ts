import type { Rules } from "../../src/rules/snapshot.ts";
import type { Changes } from "../publish/changes/format-changes.ts";
import {
  isEmptyChange,
  type NameChanges,
  summarizeChanges,
  toNameChanges,
} from "../publish/changes/summarize-changes.ts";
import type { RecordChanges, StaleRecord } from "../publish/dns/sync-records.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import type { HostObjectChange, HostSyncResult } from "../publish/hosts/model.ts";
import { computeRulesDigest } from "../publish/plan-publication.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import { guardRules } from "./guard-rules.ts";
import type { CompileDependencies, CompiledCluster } from "./pipeline.ts";

/** What a publication would do. Nothing is written. */
export interface PlannedPublication {
  readonly rules: Rules; // with the removals that the deletion guard blocks
  /** Whether a key in KV or a DNS record would be written. */
  readonly hasChanges: boolean;
  readonly changes: Changes;
  readonly blockedRemovals: readonly BlockedRemoval[];
  readonly staleRecords: readonly StaleRecord[];
  /** The records and routes of hosts, with `--manage-hosts`. */
  readonly hostResult?: HostSyncResult | undefined;
}

/** Compares compiled rules with the published snapshot and the DNS records. */
export async function planChanges(
  compiled: CompiledCluster,
  snapshot: PublishedSnapshot,
  limits: DeletionLimits,
  { account, records, hosts }: Pick<CompileDependencies, "account" | "records" | "hosts">,
): Promise<PlannedPublication> {
  const { rules, blockedRemovals } = guardRules(snapshot, compiled.compilation.rules, limits, new Set());
  const { staleRecords, ...recordChanges } = await records.plan(rules);
  const hostResult = await hosts?.plan(compiled, rules.hosts);
  const changes = collectChanges(snapshot, rules, recordChanges, hostResult?.changes);
  const isPublished = snapshot.manifest?.digest === computeRulesDigest(rules) && snapshot.missingShards.length === 0;
  const isSigned = account.signer.verify(snapshot.currentBytes ?? "") !== undefined; // not during a rotation of keys
  const hasChanges = !isPublished || !isSigned || !isEmptyChange(changes.records) || hostResult?.changes.length;
  return { rules, hasChanges: Boolean(hasChanges), changes, blockedRemovals, staleRecords, hostResult };
}

/** Returns the changes from a published snapshot to rules, with those of DNS records. */
export function collectChanges(
  before: Pick<PublishedSnapshot, "hosts">,
  after: Pick<Rules, "hosts">,
  { added, removed }: RecordChanges,
  hostChanges?: readonly HostObjectChange[],
): Changes {
  const rules = summarizeChanges(before.hosts, after.hosts);
  const originRecords = toNameChanges(added, removed);
  if (!hostChanges) return { ...rules, records: originRecords };
  const hostRecords = selectNames(hostChanges, "record");
  return {
    ...rules,
    records: {
      added: [...originRecords.added, ...hostRecords.added],
      changed: [...originRecords.changed, ...hostRecords.changed],
      removed: [...originRecords.removed, ...hostRecords.removed],
    },
    workersRoutes: selectNames(hostChanges, "route"),
    certificates: selectNames(hostChanges, "certificate"),
  };
}

function selectNames(changes: readonly HostObjectChange[], kind: HostObjectChange["kind"]): NameChanges {
  const select = (action: HostObjectChange["action"]) =>
    changes.filter((change) => change.kind === kind && change.action === action).map(({ name }) => name);
  return { added: select("add"), changed: select("replace"), removed: select("remove") };
}
