import { generationKey } from "../../src/rules/kv-keys.ts";
import type { HostRules, ManifestAuthor, UnhealthyRecords } from "../../src/rules/snapshot.ts";
import type { Account } from "./account.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { readPublishBase } from "./conflict-check.ts";
import { type WriteFence, withWriteFence } from "./guard/write-fence.ts";
import type { PublishedSnapshot } from "./read-published.ts";
import { writeManifest } from "./write-manifest.ts";

/** Whether the published manifest has other unhealthy addresses. */
export function hasOtherHealth({ manifest }: PublishedSnapshot, unhealthy: UnhealthyRecords | undefined): boolean {
  return toCanonicalJson(manifest?.unhealthy ?? {}) !== toCanonicalJson(unhealthy ?? {});
}

/**
 * Publishes the addresses that fail their health checks: the same rules with another list, as 2 writes without a blob.
 * `lastHealthGeneration` is the last such publication. If the new one replaces it, it leaves the history, so that an
 * address that changes all the time does not push rules out of the history. Rejects with a `PublishConflictError` if another
 * controller published meanwhile.
 */
export async function publishHealth(
  unhealthy: UnhealthyRecords | undefined,
  snapshot: PublishedSnapshot,
  { account: { kv, signer }, author, fence, lastHealthGeneration }: HealthContext,
  now: Date,
): Promise<PublishedSnapshot> {
  const { manifest, hosts, missingShards } = snapshot;
  if (!manifest) return snapshot;
  const base = await readPublishBase(kv, signer, now, snapshot);
  const { generation: _, publishedAt: _publishedAt, unhealthy: _unhealthy, ...content } = manifest;
  const newContent = { ...content, author, ...(unhealthy && { unhealthy }) };
  const written = await writeManifest(newContent, { kv, signer, base, fence }, now);
  if (lastHealthGeneration === manifest.generation)
    await withWriteFence(kv, fence).remove([generationKey(lastHealthGeneration)]);
  return { ...written, hosts, missingShards };
}

interface HealthContext {
  readonly account: Account;
  readonly author: ManifestAuthor;
  readonly fence: WriteFence;
  readonly lastHealthGeneration?: number | undefined;
}

/** Returns the addresses that fail their health checks: "shop/cart:80 203.0.113.10". */
export function listUnhealthyAddresses(
  unhealthy: UnhealthyRecords | undefined,
  hosts: readonly HostRules[],
): readonly string[] {
  if (unhealthy === undefined) return [];
  const lines = hosts.flatMap(({ backends }) =>
    Object.entries(backends).flatMap(([id, { addresses }]) =>
      addresses.filter(({ record }) => unhealthy[id]?.includes(record)).map(({ address }) => `${id} ${address}`),
    ),
  );
  return [...new Set(lines)].toSorted();
}
