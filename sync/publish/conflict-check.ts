import { setTimeout as sleep } from "node:timers/promises";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { isPassingFault } from "../cloudflare/client.ts";
import type { Kv, KvEntry } from "../cloudflare/kv.ts";
import { PublishConflictError } from "./guard/write-fence.ts";
import { type PublishedSnapshot, parseSignedManifest, readNewestGeneration } from "./read-published.ts";
import type { Signer } from "./sign-manifest.ts";

/** KV may return an older value for "60 seconds or more": https://developers.cloudflare.com/kv/concepts/how-kv-works/ */
const KV_STALENESS_MS = 120_000;
const MAX_WRITE_ATTEMPTS = 5;

/** State of KV at the start of a publication. */
export interface PublishBase {
  readonly snapshot: PublishedSnapshot;
  /** Whether `current` is the newest generation. If not, edges may serve different generations. */
  readonly isCurrent: boolean;
  /** Allowed values of `current` during this publication: the value at the start, or a newer one that KV does not show yet. */
  readonly expectedBytes: readonly (string | undefined)[];
}

/** Reads the publish base. Throws a `PublishConflictError` if another controller published since `lastSnapshot`. */
export async function readPublishBase(
  kv: Kv,
  signer: Signer,
  now: Date,
  lastSnapshot: PublishedSnapshot | undefined,
): Promise<PublishBase> {
  const bytes = await kv.get(CURRENT_KEY);
  const snapshot = lastSnapshot ?? { ...(await readNewestGeneration(kv, signer, bytes)), hosts: [], missingShards: [] };
  const currentManifest = parseSignedManifest(bytes, signer);
  if (bytes === snapshot.currentBytes)
    return { snapshot, isCurrent: currentManifest?.generation === snapshot.highestGeneration, expectedBytes: [bytes] };
  if (currentManifest && currentManifest.generation >= (snapshot.manifest?.generation ?? 0))
    throw createConflictError(bytes, signer);
  return { snapshot, isCurrent: mayBeStale(snapshot, now), expectedBytes: [bytes, snapshot.currentBytes] };
}

/**
 * Returns the number of the next generation. Throws a `PublishConflictError` if the history has one that the base lacks: then
 * another process published, even if KV still returns the older `current`.
 */
export function findNextGeneration({ snapshot }: PublishBase, history: ReadonlyMap<number, string>): number {
  const newest = Math.max(0, ...history.keys());
  if (newest > snapshot.highestGeneration)
    throw new PublishConflictError(`another process published generation ${newest}. This sync was aborted`);
  return snapshot.highestGeneration + 1;
}

/**
 * Writes a manifest. Reads `current` before each attempt, because an attempt without a response may be done. Throws a
 * `PublishConflictError` if another controller published since the start.
 */
export async function putIfUnchanged(
  entry: KvEntry,
  kv: Kv,
  signer: Signer,
  { expectedBytes }: PublishBase,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const bytes = await kv.get(CURRENT_KEY);
    if (entry.key === CURRENT_KEY && bytes === entry.value) return;
    if (!expectedBytes.includes(bytes)) throw createConflictError(bytes, signer);
    try {
      await kv.put([entry], "once");
      return;
    } catch (error) {
      if (attempt === MAX_WRITE_ATTEMPTS || !isPassingFault(error)) throw error;
      await sleep(kv.writeIntervalMs * 2 ** (attempt - 1));
    }
  }
}

/** Whether an older `current` may be a stale read, instead of a manifest that someone wrote over the newest one. */
function mayBeStale({ manifest }: PublishedSnapshot, now: Date): boolean {
  return manifest !== undefined && now.getTime() - Date.parse(manifest.publishedAt) < KV_STALENESS_MS;
}

function createConflictError(bytes: string | undefined, signer: Signer): PublishConflictError {
  const manifest = parseSignedManifest(bytes, signer);
  const problem = manifest
    ? `another controller published generation ${manifest.generation}`
    : "the KV key current has an unreadable value from another writer";
  return new PublishConflictError(`${problem}. This sync was aborted`);
}
