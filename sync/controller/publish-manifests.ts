import { createCompileCache } from "../compile/compile-cache.ts";
import { findMaxRecords } from "../permits/model.ts";
import type { Account } from "../publish/account.ts";
import { PartialReadError } from "../publish/blobs.ts";
import { createOriginRecordSync, type StaleRecord } from "../publish/dns/sync-records.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
import type { RegexChecker } from "../regex-check/regex-checker.ts";
import type { CompileBase, CompileDependencies, CompiledCluster, Stages } from "./pipeline.ts";
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
  regexChecker: RegexChecker,
  now: Date,
): CompileDependencies {
  const records = createOriginRecordSync(account.dns, () => now.getTime());
  return { account, records, options, regexChecker, cache: createCompileCache() };
}

/** Creates the stages that add the DNS records of the rules and publish them, without a Lease. */
export function publishManifests(
  { account, records }: CompileDependencies,
  limits: DeletionLimits,
  now: Date,
): Required<Pick<Stages<CompileBase, ManifestPublication, unknown>, "syncRecords" | "publish">> {
  let snapshot: Promise<Pick<PublishedSnapshot, "hosts">> | undefined;
  const guard = async ({ compilation: { rules } }: CompiledCluster) => {
    if (limits.allowMassDeletion) return { rules, blockedRemovals: [] };
    snapshot ??= readGuardedSnapshot(account);
    return guardRules(await snapshot, rules, limits, new Set());
  };
  return {
    async syncRecords(compiled) {
      const { rules } = await guard(compiled);
      await records.sync(
        rules,
        () => {},
        (namespace) => findMaxRecords(compiled.permits, namespace),
      );
    },
    async publish(compiled) {
      const { rules, blockedRemovals } = await guard(compiled);
      const publishResult = await publish(rules, account.kv, account.signer, now, account.encryptor);
      return { publishResult, staleRecords: records.listStaleRecords(), blockedRemovals };
    },
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
