import type { ManifestAuthor } from "../../src/rules/snapshot.ts";
import type { Account } from "../publish/account.ts";
import { readPublishBase } from "../publish/conflict-check.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import { republish } from "../publish/history/republish.ts";
import type { PublishResult } from "../publish/publish.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";

/**
 * Keeps the pinned rules published. It writes only if `current` is not the newest generation, because a rollback was
 * interrupted. Then the same rules get a new number, and stay pinned. Rejects if a shard of them is missing, because the
 * cluster has other rules.
 */
export async function keepPinned(
  { account: { kv, signer }, author }: { readonly account: Account; readonly author: ManifestAuthor },
  snapshot: PublishedSnapshot,
  fence: WriteFence,
  now: Date,
): Promise<PublishResult> {
  const base = await readPublishBase(kv, signer, now, snapshot);
  const { manifest, hosts, missingShards } = snapshot;
  if (!manifest) throw new Error("no generation is pinned");
  if (missingShards.length > 0)
    throw new Error(
      `generation ${manifest.generation} is pinned and incomplete: ${missingShards.length} shards are missing. Run \`edgress resume\``,
    );
  if (base.isCurrent) return buildResult(snapshot, manifest, 0, 0);
  const pin = { author, rollback: manifest.rollback };
  const repaired = await republish({ manifest, hosts }, pin, { kv, signer, base, fence }, now);
  return buildResult(repaired, repaired.manifest, 2, 2 * (repaired.currentBytes?.length ?? 0));
}

function buildResult(
  snapshot: PublishedSnapshot,
  { generation, digest }: { readonly generation: number; readonly digest: string },
  writes: number,
  bytes: number,
): PublishResult {
  return { generation, digest, hasChanged: false, writes, bytes, warnings: [], closedIngresses: [], snapshot };
}
