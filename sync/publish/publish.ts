import { errorMessage } from "../../src/rules/error-message.ts";
import type { Manifest, ManifestAuthor, Rules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { writeBlobs } from "./blobs.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { findNextGeneration, readPublishBase } from "./conflict-check.ts";
import type { SecretEncryptor } from "./encrypt-secrets.ts";
import { type ClosedIngress, fitShards } from "./fit-shards.ts";
import { NO_FENCE, type WriteFence, withWriteFence } from "./guard/write-fence.ts";
import { checkSizes } from "./kv-limits.ts";
import { computeRulesDigest, planPublication } from "./plan-publication.ts";
import { putGeneration } from "./put-generation.ts";
import { listGenerations, type PublishedSnapshot } from "./read-published.ts";
import { type SerializedShard, serializeHosts } from "./serialize.ts";
import type { Signer } from "./sign-manifest.ts";
import { collectBlobs, readHistoryCollection } from "./storage/collect-blobs.ts";
import { encodeBlobs, findNewBlobs } from "./storage/new-blobs.ts";

/** Result of a publication. Unchanged rules cause no writes. */
export interface PublishResult {
  readonly generation: number;
  readonly digest: string;
  readonly hasChanged: boolean;
  readonly writes: number; // keys written
  readonly bytes: number; // written
  /** Values near a size limit, and work that was postponed. */
  readonly warnings: readonly string[];
  /** Ingresses whose routes were closed, because their shard was too large. */
  readonly closedIngresses: readonly ClosedIngress[];
  /** The published snapshot, for the next publication. */
  readonly snapshot: PublishedSnapshot;
}

/** The author of a publication, and its protection against overwriting that of another controller. */
export interface PublishContext {
  readonly author?: ManifestAuthor | undefined;
  readonly fence?: WriteFence;
  /** The snapshot that the deletion guard compared with. A different one in KV ends the publication. */
  readonly snapshot?: PublishedSnapshot | undefined;
}

/**
 * Publishes rules: new shards first, then the manifest in history, and the manifest under `current` last. If it is
 * interrupted, edges can still read a whole generation. Rejects if KV fails or a value is too large. Rejects with a
 * `PublishConflictError` if another controller published meanwhile. After a rejection, the caller must read the published
 * snapshot again. If `current` is not the newest generation, the rules are published again.
 */
export async function publish(
  rules: Rules,
  kv: Kv,
  signer: Signer,
  now: Date,
  sealer?: Pick<SecretEncryptor, "prepare">,
  { author, fence = NO_FENCE, snapshot }: PublishContext = {},
): Promise<PublishResult> {
  const base = await readPublishBase(kv, signer, now, snapshot);
  if (base.isCurrent && isPublished(rules, base.snapshot)) return buildUnchangedResult(rules, base.snapshot);
  const fencedKv = withWriteFence(kv, fence);
  const history = await listGenerations(kv);
  const generation = findNextGeneration(base, history);
  const encryptTokens = await sealer?.prepare(serializeHosts(rules.hosts));
  const target = { kvNamespaceId: kv.namespaceId, hashKey: signer.hashKey, encryptTokens, author };
  const {
    rules: fittedRules,
    plan,
    closedIngresses,
  } = fitShards(rules, (candidate) => planPublication(candidate, base.snapshot.manifest, generation, now, target));
  if (closedIngresses.length > 0 && base.isCurrent && isPublished(fittedRules, base.snapshot))
    return { ...buildUnchangedResult(fittedRules, base.snapshot), closedIngresses };
  const { manifest } = plan;
  const value = signer.sign(toCanonicalJson(manifest));
  const newBlobs = findNewBlobs(plan, base.snapshot);
  const warnings = checkPublicationSize(newBlobs.shards, value);
  const entries = await encodeBlobs(newBlobs);
  await writeBlobs(fencedKv, entries, "shards");
  await putGeneration({ manifest, value }, { fencedKv, signer, base, fence });
  const manifests = { latest: manifest, replaced: base.snapshot.manifest };
  const prune = () => pruneHistory(history, manifests, fencedKv, signer, now).catch(formatPruneWarning);
  return {
    generation,
    digest: manifest.digest,
    hasChanged: true,
    writes: entries.size + 2,
    bytes: [...entries.values()].reduce((sum, text) => sum + text.length, 2 * value.length),
    warnings: [...warnings, ...(base.snapshot.mayBeStale ? [] : await prune())],
    closedIngresses,
    snapshot: {
      manifest,
      hosts: fittedRules.hosts,
      currentBytes: value,
      highestGeneration: generation,
      missingShards: [],
    },
  };
}

function isPublished(rules: Rules, { manifest, missingShards }: PublishedSnapshot): boolean {
  if (!manifest || missingShards.length > 0) return false;
  if (manifest.rollback || manifest.candidate) return false; // a publication ends a rollback and a staged roll-out
  return manifest.digest === computeRulesDigest(rules);
}

function buildUnchangedResult({ hosts }: Rules, snapshot: PublishedSnapshot): PublishResult {
  const { generation = 0, digest = "" } = snapshot.manifest ?? {};
  return {
    generation,
    digest,
    hasChanged: false,
    writes: 0,
    bytes: 0,
    warnings: [],
    closedIngresses: [],
    snapshot: { ...snapshot, hosts },
  };
}

function checkPublicationSize(newShards: ReadonlyMap<string, SerializedShard>, manifest: string): readonly string[] {
  const { problems, warnings } = checkSizes(newShards.values(), manifest);
  if (problems.length > 0) throw new Error(`nothing was published: ${problems.join("; ")}`);
  return warnings;
}

/** Removes old generations. A failure does not undo the publication, because the next one prunes again. */
async function pruneHistory(
  history: ReadonlyMap<number, string>,
  manifests: { readonly latest: Manifest; readonly replaced: Manifest | undefined },
  kv: Kv,
  signer: Signer,
  now: Date,
): Promise<string[]> {
  const collection = await readHistoryCollection(kv, signer, history, manifests, now);
  if (collection) await collectBlobs(kv, collection);
  return [];
}

function formatPruneWarning(error: unknown): string[] {
  return [`history was not pruned: ${errorMessage(error)}. The next publication retries`];
}
