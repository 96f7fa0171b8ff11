import * as z from "zod/mini";
import { FILTER_PREFIX, generationKey, SHARD_PREFIX } from "../../../src/rules/kv-keys.ts";
import type { Manifest } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { findPrunableGenerations, needsPruning, type StoredGeneration } from "../prune-history.ts";
import { parseSignedManifest } from "../read-published.ts";
import type { ManifestVerifier } from "../sign-manifest.ts";
import { type CollectionPlan, planCollection, type UnneededSince } from "./plan-collection.ts";

/** Edges never read this key. */
export const COLLECTION_KEY = "collection";

const StoredCollection = z.record(z.string(), z.iso.datetime());

/**
 * Reads the history, and plans the collection that follows the publication of `latest` in place of `replaced`. KV may not
 * show these two yet, and edges serve them. Undefined if history is too short, because a collection costs KV operations.
 */
export async function readHistoryCollection(
  kv: Kv,
  verifier: ManifestVerifier,
  history: ReadonlyMap<number, string>,
  { latest, replaced }: { readonly latest: Manifest; readonly replaced: Manifest | undefined },
  now: Date,
): Promise<CollectionPlan | undefined> {
  const keys = [...history.values()];
  if (!needsPruning([...keys, generationKey(latest.generation)])) return undefined;
  const values = await kv.getMany(keys);
  const manifests = new Map(
    [...history].map(([number, key]) => [number, parseSignedManifest(values.get(key), verifier)]),
  );
  for (const manifest of [replaced, latest]) if (manifest) manifests.set(manifest.generation, manifest);
  const generations = [...manifests].map(([generation, manifest]) => {
    return { key: generationKey(generation), generation, manifest };
  });
  return readCollectionPlan(kv, generations, now);
}

async function readCollectionPlan(
  kv: Kv,
  generations: readonly StoredGeneration[],
  now: Date,
): Promise<CollectionPlan | undefined> {
  if (findPrunableGenerations(generations, now).dropped.length === 0) return undefined;
  const blobKeys = [...(await kv.list(SHARD_PREFIX)), ...(await kv.list(FILTER_PREFIX))];
  return planCollection(generations, blobKeys, parseCollection(await kv.get(COLLECTION_KEY)), now);
}

/** Carries out a plan: the waiting blobs are noted first, and manifests are removed last, so that it can be repeated. */
export async function collectBlobs(
  kv: Kv,
  { removedBlobs, removedGenerations, waitingBlobs }: CollectionPlan,
): Promise<void> {
  await kv.put([{ key: COLLECTION_KEY, value: toCanonicalJson(waitingBlobs) }]);
  await kv.remove([...removedBlobs, ...removedGenerations]);
}

/** A value that is unreadable only starts every grace again. */
function parseCollection(text: string | undefined): UnneededSince {
  try {
    return z.parse(StoredCollection, JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}
