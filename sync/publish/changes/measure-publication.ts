import type { Rules } from "../../../src/rules/snapshot.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { Account } from "../account.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import type { SecretEncryptor } from "../encrypt-secrets.ts";
import { fitShards } from "../fit-shards.ts";
import { computeRulesDigest, planPublication } from "../plan-publication.ts";
import { listGenerations, type PublishedSnapshot } from "../read-published.ts";
import { serializeHosts } from "../serialize.ts";
import { readHistoryCollection } from "../storage/collect-blobs.ts";
import { encodeBlobs, findNewBlobs } from "../storage/new-blobs.ts";
import type { CollectionPlan } from "../storage/plan-collection.ts";

/** The keys and bytes that a publication of rules would write to KV. */
export interface PublicationSize {
  readonly writes: number;
  readonly bytes: number;
  /** What the publication would remove from KV afterwards; undefined if nothing. */
  readonly collection?: CollectionSize | undefined;
}

/** The numbers of generations and blobs that history no longer needs. */
export interface CollectionSize {
  readonly removedGenerations: number;
  readonly removedBlobs: number;
  /** Blobs that are removed after their grace of 24 h. */
  readonly waitingBlobs: number;
}

/** Measures a publication. It writes nothing. Without an encryption key, secrets are measured as tokens. */
export async function measurePublication(
  rules: Rules,
  snapshot: PublishedSnapshot,
  { kv, signer, encryptor }: Pick<Account, "kv" | "signer"> & { readonly encryptor: Pick<SecretEncryptor, "prepare"> },
  now: Date,
): Promise<PublicationSize> {
  if (snapshot.manifest?.digest === computeRulesDigest(rules) && snapshot.missingShards.length === 0)
    return { writes: 0, bytes: 0 };
  const encryptTokens = await encryptor.prepare(serializeHosts(rules.hosts)).catch((error: unknown) => {
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  const target = { kvNamespaceId: kv.namespaceId, hashKey: signer.hashKey, encryptTokens };
  const generation = snapshot.highestGeneration + 1;
  const { plan } = fitShards(rules, (candidate) =>
    planPublication(candidate, snapshot.manifest, generation, now, target),
  );
  const entries = await encodeBlobs(findNewBlobs(plan, snapshot));
  const manifestBytes = 2 * signer.sign(toCanonicalJson(plan.manifest)).length; // in history, and as the active one
  const bytes = [...entries.values()].reduce((sum, text) => sum + Buffer.byteLength(text), manifestBytes);
  const history = await listGenerations(kv);
  const collection = await readHistoryCollection(
    kv,
    signer,
    history,
    { latest: plan.manifest, replaced: snapshot.manifest },
    now,
  );
  return { writes: entries.size + 2, bytes, collection: collection && countCollection(collection) };
}

function countCollection(plan: CollectionPlan): CollectionSize {
  return {
    removedGenerations: plan.removedGenerations.length,
    removedBlobs: plan.removedBlobs.length,
    waitingBlobs: Object.keys(plan.waitingBlobs).length,
  };
}
