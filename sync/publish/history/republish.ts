import type { Manifest, ManifestAuthor, Rollback } from "../../../src/rules/snapshot.ts";
import type { PublishedSnapshot } from "../read-published.ts";
import { type ManifestTarget, writeManifest } from "../write-manifest.ts";
import type { LoadedGeneration } from "./load-generation.ts";

/**
 * Publishes the rules of a stored generation again, under a new number, for every client: a candidate is dropped, and so
 * is the list of unhealthy addresses. The caller must have read every shard. Rejects with a `PublishConflictError` if another process published since the base was
 * read.
 */
export async function republish(
  { manifest: source, hosts }: LoadedGeneration,
  { author, rollback }: { readonly author: ManifestAuthor; readonly rollback: Rollback | undefined },
  target: ManifestTarget,
  now: Date,
): Promise<PublishedSnapshot & { readonly manifest: Manifest }> {
  const { rollback: _pin, candidate: _candidate, aborted: _aborted, unhealthy: _unhealthy, ...content } = source;
  const written = await writeManifest({ ...content, author, ...(rollback && { rollback }) }, target, now);
  return { ...written, hosts, missingShards: [] };
}
