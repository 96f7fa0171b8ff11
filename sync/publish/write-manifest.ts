import type { Manifest } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { findNextGeneration, type PublishBase } from "./conflict-check.ts";
import { type WriteFence, withWriteFence } from "./guard/write-fence.ts";
import { putGeneration } from "./put-generation.ts";
import { listGenerations, type NewestGeneration } from "./read-published.ts";
import type { Signer } from "./sign-manifest.ts";

/** The account that a manifest is published to, and the state that it had at the start. */
export interface ManifestTarget {
  readonly kv: Kv;
  readonly signer: Signer;
  readonly base: PublishBase;
  readonly fence: WriteFence;
}

/**
 * Publishes a manifest under a new number, without any blob: all that it names must be in KV. Rejects with a
 * `PublishConflictError` if another process published since the base was read.
 */
export async function writeManifest(
  content: Omit<Manifest, "generation" | "publishedAt">,
  { kv, signer, base, fence }: ManifestTarget,
  now: Date,
): Promise<NewestGeneration & { readonly manifest: Manifest }> {
  const fencedKv = withWriteFence(kv, fence);
  const history = await listGenerations(kv);
  const generation = findNextGeneration(base, history);
  const manifest: Manifest = { ...content, generation, publishedAt: now.toISOString() };
  const value = signer.sign(toCanonicalJson(manifest));
  await putGeneration({ manifest, value }, { fencedKv, signer, base, fence });
  return { manifest, currentBytes: value, highestGeneration: generation };
}
