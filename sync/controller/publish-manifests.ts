import { createCompileCache } from "../compile/compile-cache.ts";
import type { Account } from "../publish/account.ts";
import { PartialReadError } from "../publish/blobs.ts";
import { createOriginRecordSync, type StaleRecord } from "../publish/dns/sync-records.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import type { CompileBase, CompileDependencies, Stages } from "./pipeline.ts";
import { guardRules } from "./publish-cluster.ts";

export interface ManifestPublication {
  readonly publishResult: PublishResult;
  /** Records that the rules do not need. Edges may still serve older rules, so they are not removed yet. */
  readonly staleRecords: readonly StaleRecord[];
  /** Removals that stay published, because the deletion guard blocks them. */
  readonly blockedRemovals: readonly BlockedRemoval[];
}

/** Limits of a command that publishes any deletion. */
export const NO_DELETION_LIMITS: DeletionLimits = { maxRemovedHosts: 0, allowMassDeletion: true };

/** Creates the dependencies of one sync of manifests, which keeps nothing for the next. */
export function createManifestDependencies(
  account: Account,
  options: CompileDependencies["options"],
  now: Date,
): CompileDependencies {
  const records = createOriginRecordSync(account.dns, () => now.getTime());
  return { account, records, options, cache: createCompileCache() };
}

/** Creates the stage that adds the DNS records of the rules and publishes them, without a Lease. */
export function publishManifests(
  { account, records }: CompileDependencies,
  limits: DeletionLimits,
  now: Date,
): Stages<CompileBase, ManifestPublication, unknown>["publish"] {
  return async ({ compilation }) => {
    const { rules, blockedRemovals } = limits.allowMassDeletion
      ? { rules: compilation.rules, blockedRemovals: [] }
      : guardRules(await readGuardedSnapshot(account), compilation.rules, limits, new Set());
    const staleRecords = await records.sync(rules, () => {});
    const publishResult = await publish(rules, account.kv, account.signer, now, account.encryptor);
    return { publishResult, staleRecords, blockedRemovals };
  };
}

/** Reads the snapshot that the deletion guard compares with. Missing shards are written again by the publication. */
async function readGuardedSnapshot({ kv, signer }: Account): Promise<Pick<PublishedSnapshot, "hosts">> {
  try {
    return await readPublishedSnapshot(kv, signer);
  } catch (error) {
    if (error instanceof PartialReadError) return error.partialResult as PublishedSnapshot;
    throw error;
  }
}
