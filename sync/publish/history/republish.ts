import { CURRENT_KEY, generationKey } from "../../../src/rules/kv-keys.ts";
import type { Manifest, ManifestAuthor, Rollback } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { type PublishBase, putIfUnchanged } from "../conflict-check.ts";
import { type WriteFence, withWriteFence } from "../guard/write-fence.ts";
import { listGenerations, type PublishedSnapshot } from "../read-published.ts";
import type { Signer } from "../sign-manifest.ts";
import { buildGenerationMetadata } from "./generation-metadata.ts";
import type { LoadedGeneration } from "./load-generation.ts";

/** The account that a generation is published to again, and the state that it had at the start. */
export interface RepublishTarget {
  readonly kv: Kv;
  readonly signer: Signer;
  readonly base: PublishBase;
  readonly fence: WriteFence;
}

/**
 * Publishes the rules of a stored generation again, under a new number. It writes one manifest under its two keys and no
 * shard, so the caller must have read every shard. Rejects with a `PublishConflictError` if another process published
 * since the base was read.
 */
export async function republish(
  { manifest: source, hosts }: LoadedGeneration,
  { author, rollback }: { readonly author: ManifestAuthor; readonly rollback: Rollback | undefined },
  { kv, signer, base, fence }: RepublishTarget,
  now: Date,
): Promise<PublishedSnapshot & { readonly manifest: Manifest }> {
  const fencedKv = withWriteFence(kv, fence);
  const history = await listGenerations(kv);
  const generation = Math.max(base.snapshot.highestGeneration, ...history.keys()) + 1;
  const { rollback: _, candidate: _candidate, aborted: _aborted, ...unpinned } = source;
  const manifest: Manifest = {
    ...unpinned,
    generation,
    publishedAt: now.toISOString(),
    author,
    ...(rollback && { rollback }),
  };
  const value = signer.sign(toCanonicalJson(manifest));
  const metadata = buildGenerationMetadata(manifest);
  await putIfUnchanged({ key: generationKey(generation), value, metadata }, fencedKv, signer, base);
  await putIfUnchanged({ key: CURRENT_KEY, value }, fencedKv, signer, base);
  return { manifest, hosts, currentBytes: value, highestGeneration: generation, missingShards: [] };
}
