import { CURRENT_KEY, generationKey } from "../../src/rules/kv-keys.ts";
import type { Manifest } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { type PublishBase, putIfUnchanged } from "./conflict-check.ts";
import { PublishConflictError, type WriteFence } from "./guard/write-fence.ts";
import { buildGenerationMetadata } from "./history/generation-metadata.ts";
import type { Signer } from "./sign-manifest.ts";

/** A manifest with its signed value. */
export interface ManifestEntry {
  readonly manifest: Manifest;
  readonly value: string;
}

/** The state that a publication is based on, and KV behind its fence. */
export interface PutTarget {
  readonly fencedKv: Kv;
  readonly signer: Signer;
  readonly base: PublishBase;
  readonly fence: WriteFence;
}

/**
 * Writes a manifest to the history, and then under `current`. Throws a `PublishConflictError` if another process published
 * since the base was read, or writes the same number at the same moment. Edges ignore a second content of a number.
 */
export async function putGeneration(
  { manifest, value }: ManifestEntry,
  { fencedKv, signer, base, fence }: PutTarget,
): Promise<void> {
  const key = generationKey(manifest.generation);
  await fence.reserve?.(manifest.generation);
  await putIfUnchanged({ key, value, metadata: buildGenerationMetadata(manifest) }, fencedKv, signer, base);
  // KV cannot compare and set. Of two processes, the one that wrote last finds its own value. An absent value is only late.
  const storedValue = await fencedKv.get(key);
  if (storedValue !== undefined && storedValue !== value)
    throw new PublishConflictError(
      `another process is publishing generation ${manifest.generation}. This sync was aborted`,
    );
  await putIfUnchanged({ key: CURRENT_KEY, value }, fencedKv, signer, base);
}
