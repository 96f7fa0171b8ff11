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
 * Reads the history, and plans the collection that follows the last of the latest publications: a list of KV may not show
 * them yet. Undefined if history is too short, because a collection costs KV operations.
 */
export async function readHistoryCollection(
  kv: Kv,
  verifier: ManifestVerifier,
  history: ReadonlyMap<number, string>,
  latest: readonly (Manifest | undefined)[],
  now: Date,
): Promise<CollectionPlan | undefined> {
  const latestManifests = new Map(latest.flatMap((manifest) => (manifest ? [[manifest.generation, manifest]] : [])));
  const generations = [...new Set([...history.keys(), ...latestManifests.keys()])];
  if (!needsPruning(generations.map(generationKey))) return undefined;
  const values = await kv.getMany([...history.values()]);
  const storedGenerations = generations.map((generation) => {
    const key = history.get(generation) ?? generationKey(generation);
    const manifest = latestManifests.get(generation) ?? parseSignedManifest(values.get(key), verifier);
    return { key, generation, manifest };
  });
  return readCollectionPlan(kv, storedGenerations, now);
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
