import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import type { Kv, KvEntry } from "../cloudflare/kv.ts";
import { PublishConflictError } from "./guard/write-fence.ts";
import { type PublishedSnapshot, parseSignedManifest, readNewestGeneration } from "./read-published.ts";
import type { Signer } from "./sign-manifest.ts";

/** KV may show an older value for "60 seconds or more": https://developers.cloudflare.com/kv/concepts/how-kv-works/ */
const KV_STALENESS_MS = 120_000;

/** Where a publication starts from. */
export interface PublishBase {
  readonly snapshot: PublishedSnapshot;
  /** Whether `current` is the newest generation that there ever was. Where it is not, edges may differ in what they serve. */
  readonly isCurrent: boolean;
  /** What `current` may be until this publication writes it: what it was at the start, or what KV is late to show. */
  readonly expectedBytes: readonly (string | undefined)[];
}

/** Where to start from, with what was published last as far as it is known. Throws where another has published since. */
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

/** Writes one of the keys that lead edges on, unless another has published since the start. */
export async function putIfUnchanged(
  entry: KvEntry,
  kv: Kv,
  signer: Signer,
  { expectedBytes }: PublishBase,
): Promise<void> {
  const bytes = await kv.get(CURRENT_KEY);
  if (!expectedBytes.includes(bytes)) throw createConflictError(bytes, signer);
  await kv.put([entry], "once");
}

/** Whether an older `current` may be what KV still shows, and not what someone has written over the newest. */
function mayBeStale({ manifest }: PublishedSnapshot, now: Date): boolean {
  return manifest !== undefined && now.getTime() - Date.parse(manifest.publishedAt) < KV_STALENESS_MS;
}

function createConflictError(bytes: string | undefined, signer: Signer): PublishConflictError {
  const manifest = parseSignedManifest(bytes, signer);
  const problem = manifest
    ? `another sync job has published generation ${manifest.generation}`
    : "another has written what this sync job cannot read under the key current";
  return new PublishConflictError(`${problem}; this one writes nothing more of its round`);
}
