import type { ManifestAuthor, Rules } from "../../src/rules/snapshot.ts";
import { createCompileCache } from "../compile/compile-cache.ts";
import { findMaxRecords } from "../permits/model.ts";
import type { Account } from "../publish/account.ts";
import type { StaleRecordSplitter } from "../publish/dns/stale-records.ts";
import { createOriginRecordSync, type RecordChanges, type StaleRecord } from "../publish/dns/sync-records.ts";
import type { BlockedRemoval, DeletionLimits } from "../publish/guard/deletion-guard.ts";
import { NO_FENCE } from "../publish/guard/write-fence.ts";
import type { HostSyncResult } from "../publish/hosts/model.ts";
import { type PublishResult, publish } from "../publish/publish.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import {
  computeCandidateDigest,
  keepPublished,
  publishCandidate,
  publishShare,
  type RolloutContext,
} from "../publish/rollout/publish-candidate.ts";
import type { RegexChecker } from "../regex-check/regex-checker.ts";
import { guardRules } from "./guard-rules.ts";
import { createManagedHosts, type HostOptions } from "./managed-hosts.ts";
import type { CompileBase, CompileDependencies, CompiledCluster, Stages } from "./pipeline.ts";

export interface ManifestPublication {
  readonly publishResult: PublishResult;
  readonly recordChanges: RecordChanges;
  /** Records that the rules do not need. Edges may still serve older rules, so they are not removed yet. */
  readonly staleRecords: readonly StaleRecord[];
  /** Removals that stay published, because the deletion guard blocks them. */
  readonly blockedRemovals: readonly BlockedRemoval[];
  /** The records and routes of hosts, with `--manage-hosts`. */
  readonly hostResult?: HostSyncResult | undefined;
}

/** The base of a publication of manifests. */
export interface ManifestBase extends CompileBase {
  /** The snapshot that the deletion guard compares with. Without it, every deletion is published. */
  readonly snapshot?: PublishedSnapshot;
}

/** Limits of a command that publishes any deletion. */
export const NO_DELETION_LIMITS: DeletionLimits = { maxRemovedHosts: 0, allowMassDeletion: true };

/** Creates the dependencies of one sync of manifests, which keeps nothing for the next. */
export function createManifestDependencies(
  account: Account,
  options: CompileDependencies["options"],
  regexChecker: RegexChecker,
  now: Date,
  splitStaleRecords?: StaleRecordSplitter,
  hostOptions: HostOptions = {},
): CompileDependencies {
  const records = createOriginRecordSync(account.dns, () => now.getTime(), splitStaleRecords);
  const hosts = createManagedHosts(account, hostOptions, records, () => now);
  return { account, records, hosts, options, regexChecker, cache: createCompileCache() };
}

interface ManifestPublishOptions extends DeletionLimits {
  readonly author?: ManifestAuthor;
  /** The share of clients that gets the rules first, in percent. */
  readonly stage?: readonly number[] | undefined;
}

/** Creates the stages that add the DNS records of the rules and publish them, without a Lease. */
export function publishManifests(
  { account, records, hosts }: CompileDependencies,
  { author, stage: shares, ...limits }: ManifestPublishOptions,
  now: Date,
): Required<Pick<Stages<ManifestBase, ManifestPublication, unknown>, "syncRecords" | "publish">> {
  const recordChanges: RecordChanges[] = []; // of each pass
  const guard = ({ compilation: { rules } }: CompiledCluster, { snapshot }: ManifestBase) =>
    snapshot ? guardRules(snapshot, rules, limits, new Set()) : { rules, blockedRemovals: [] };
  return {
    async syncRecords(compiled, base) {
      const { rules } = guard(compiled, base);
      const passChanges = await records.sync(
        rules,
        () => {},
        (namespace) => findMaxRecords(compiled.permits, namespace),
      );
      recordChanges.push(passChanges);
    },
    async publish(compiled, base) {
      const { rules, blockedRemovals } = guard(compiled, base);
      const publishResult =
        shares && base.snapshot?.manifest
          ? await publishWithShare(
              rules,
              shares,
              base.snapshot,
              { account, author: author ?? {}, fence: NO_FENCE },
              now,
            )
          : await publish(rules, account.kv, account.signer, now, account.encryptor, {
              author,
              snapshot: base.snapshot,
            });
      return {
        publishResult,
        recordChanges: {
          added: recordChanges.flatMap(({ added }) => added),
          removed: recordChanges.flatMap(({ removed }) => removed),
        },
        staleRecords: records.listStaleRecords(),
        blockedRemovals,
        hostResult: await hosts?.sync(compiled, publishResult.snapshot.hosts, () => {}),
      };
    },
  };
}

/** Publishes rules as the candidate for a share of clients, or changes the share of the same candidate. */
async function publishWithShare(
  rules: Rules,
  [share = 100]: readonly number[],
  snapshot: PublishedSnapshot,
  context: RolloutContext,
  now: Date,
): Promise<PublishResult> {
  const { digest: activeDigest, candidate } = snapshot.manifest ?? {};
  const digest = computeCandidateDigest(rules);
  if (candidate?.digest === digest && candidate.share !== share) return publishShare(share, snapshot, context, now);
  const isPublished = digest === (candidate?.digest ?? activeDigest);
  return isPublished ? keepPublished(snapshot, context, now) : publishCandidate(rules, [share], snapshot, context, now);
}
