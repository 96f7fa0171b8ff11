import { findPrunableGenerations, type StoredGeneration } from "../prune-history.ts";
import { listBlobKeys } from "./manifest-blobs.ts";

/** Time for which an unneeded blob stays in KV, so that a rollback and a slow edge find it. */
export const COLLECTION_GRACE_MS = 24 * 60 * 60 * 1000;

/** The time (RFC 3339) since which no kept generation needs a blob, by key. */
export type UnneededSince = Readonly<Record<string, string>>;

/** The keys that a collection removes, and the ones that wait for the end of their grace. */
export interface CollectionPlan {
  readonly removedBlobs: readonly string[];
  /** Keys of the generations that history no longer keeps. */
  readonly removedGenerations: readonly string[];
  readonly waitingBlobs: UnneededSince;
}

/**
 * Plans the removal of old generations, and of blobs that no kept generation has needed for 24 h. Pure. `blobKeys` are all
 * blobs in KV, so that blobs of an interrupted publication are found too.
 */
export function planCollection(
  generations: readonly StoredGeneration[],
  blobKeys: Iterable<string>,
  unneededSince: UnneededSince,
  now: Date,
): CollectionPlan {
  const { retained, dropped } = findPrunableGenerations(generations, now);
  const listKeys = ({ manifest }: StoredGeneration) => (manifest ? listBlobKeys(manifest) : []);
  const neededKeys = new Set(retained.flatMap(listKeys));
  const droppedKeys = new Set(dropped.flatMap(listKeys)); // needed until now
  const unneededKeys = [...new Set([...blobKeys, ...droppedKeys])].filter((key) => !neededKeys.has(key));
  const since = unneededKeys.map((key) => {
    const start = droppedKeys.has(key) ? undefined : unneededSince[key];
    return [key, start ?? now.toISOString()] as const;
  });
  const isDue = (start: string) => now.getTime() - Date.parse(start) >= COLLECTION_GRACE_MS;
  return {
    removedBlobs: since.flatMap(([key, start]) => (isDue(start) ? [key] : [])),
    removedGenerations: dropped.map(({ key }) => key),
    waitingBlobs: Object.fromEntries(since.filter(([, start]) => !isDue(start))),
  };
}
