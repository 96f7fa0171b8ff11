import type { HostRules, ManifestAuthor } from "../../../src/rules/snapshot.ts";
import type { Account } from "../account.ts";
import { tolerateLoss } from "../blobs.ts";
import { type PublishBase, readPublishBase } from "../conflict-check.ts";
import { createOriginRecordSync } from "../dns/sync-records.ts";
import { NO_FENCE, PublishConflictError } from "../guard/write-fence.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../read-published.ts";
import { type LoadedGeneration, loadGeneration } from "./load-generation.ts";
import { republish } from "./republish.ts";

/** A rollback that is not carried out yet. Every shard of the target was read. */
export interface RollbackPlan {
  readonly base: PublishBase;
  readonly current: PublishedSnapshot;
  readonly target: LoadedGeneration;
}

/** The person and the process of a change of the history. */
export interface OperatorAct {
  readonly author: ManifestAuthor;
  readonly by: string;
  readonly now: Date;
}

/** A published manifest, and the keys written for it. */
export interface RepublishResult {
  readonly generation: number;
  readonly writes: number;
  readonly addedRecords: readonly string[];
}

/** Reads the published snapshot and the generation to return to. Rejects with a `UsageError` if that one is not readable. */
export async function planRollback(
  { kv, signer, verifier }: Account,
  generation: number,
  now: Date,
): Promise<RollbackPlan> {
  const target = await loadGeneration(kv, verifier, generation);
  const current = await tolerateLoss(readPublishedSnapshot(kv, verifier), () => {});
  return { target, current, base: await readPublishBase(kv, signer, now, current) };
}

/**
 * Publishes the rules of the target again, pinned, after it added the DNS records that they need. Rejects with a
 * `PublishConflictError` if another process published since the plan.
 */
export async function rollBack(
  account: Account,
  { base, target }: RollbackPlan,
  { author, by, now }: OperatorAct,
): Promise<RepublishResult> {
  const addedRecords = await addOriginRecords(account, target.manifest.zones, target.hosts);
  const pin = { author, rollback: { of: target.manifest.generation, at: now.toISOString(), by } };
  const { kv, signer } = account;
  const { manifest } = await republish(target, pin, { kv, signer, base, fence: NO_FENCE }, now);
  return { generation: manifest.generation, writes: 2, addedRecords };
}

/**
 * Publishes the pinned rules again without the pin, or the active rules without the mark of an aborted candidate. Resolves
 * with undefined if there is neither.
 */
export async function resume(
  { kv, signer }: Account,
  { author, now }: Omit<OperatorAct, "by">,
): Promise<RepublishResult | undefined> {
  const base = await readPublishBase(kv, signer, now, undefined);
  const { manifest } = base.snapshot;
  if (!manifest?.rollback && !manifest?.aborted) return undefined;
  const pin = { author, rollback: undefined };
  const resumed = await republish({ manifest, hosts: [] }, pin, { kv, signer, base, fence: NO_FENCE }, now);
  return { generation: resumed.manifest.generation, writes: 2, addedRecords: [] };
}

/** Adds the origin records of rules, and removes none. */
async function addOriginRecords(
  { dns }: Account,
  zones: readonly string[],
  hosts: readonly HostRules[],
): Promise<readonly string[]> {
  const records = createOriginRecordSync(dns, Date.now, async (_, stale) => [[], [...stale]]);
  const { added } = await records.sync({ zones, hosts }, () => {});
  const [rejected] = records.listRejectedRecords();
  if (rejected)
    throw new Error(
      `DNS record of the generation was rejected: ${rejected.label}.${rejected.zone}. ${rejected.problem}`,
    );
  return added;
}

/** Returns a conflict as an error that names the command to run again; other errors unchanged. */
export function explainConflict(error: unknown, command: string): unknown {
  if (!(error instanceof PublishConflictError)) return error;
  return new Error(`the published generation has changed meanwhile, and nothing was written. Run \`${command}\` again`);
}
