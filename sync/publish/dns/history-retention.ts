import { buildRecordName } from "../../../src/rules/hosts.ts";
import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import type { Manifest } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { listGenerations, parseSignedManifest } from "../read-published.ts";
import type { ManifestVerifier } from "../sign-manifest.ts";
import { listAllShardDigests } from "../storage/manifest-blobs.ts";
import { readShards } from "../storage/read-blobs.ts";
import { partition } from "./partition.ts";
import { STALE_RECORD_RETENTION_MS, type StaleRecordSplitter } from "./stale-records.ts";

/**
 * Creates a splitter for a process that runs one sync. It removes a record that no generation of the last hour needs. It
 * removes nothing if one of them is missing or unreadable.
 */
export function createHistoryRetention(kv: Kv, verifier: ManifestVerifier, now: () => number): StaleRecordSplitter {
  let labels: Promise<ReadonlySet<string> | undefined> | undefined;
  return async (zone, stale) => {
    if (stale.length === 0) return [[], []];
    labels ??= readRecentLabels(kv, verifier, now());
    const recentLabels = await labels;
    if (!recentLabels) return [[], [...stale]];
    const neededNames = new Set([...recentLabels].map((label) => buildRecordName(label, zone.name)));
    return partition(stale, ({ name }) => !neededNames.has(name));
  };
}

/** Reads the labels of the records that generations of the last hour need. Undefined if they are not all readable. */
async function readRecentLabels(
  kv: Kv,
  verifier: ManifestVerifier,
  now: number,
): Promise<ReadonlySet<string> | undefined> {
  const history = [...(await listGenerations(kv))].toSorted(([a], [b]) => b - a);
  const keys = [CURRENT_KEY, ...history.map(([, key]) => key)];
  const values = await kv.getMany(keys);
  const recentManifests = selectRecent(
    keys.map((key) => parseSignedManifest(values.get(key), verifier)),
    now,
  );
  if (!recentManifests) return undefined;
  const digests = new Set(recentManifests.flatMap(listAllShardDigests));
  const { values: shards, missingBlobs } = await readShards(kv, [...digests]);
  if (missingBlobs.length > 0) return undefined;
  const backends = [...shards.values()].flatMap(({ hosts }) => hosts.flatMap((host) => Object.values(host.backends)));
  return new Set(backends.flatMap(({ addresses }) => addresses.map(({ record }) => record)));
}

/**
 * Returns the manifests, the newest first, that were active in the last hour: the recent ones and the one before them.
 * Undefined if one of them is unreadable, or history begins later.
 */
function selectRecent(manifests: readonly (Manifest | undefined)[], now: number): readonly Manifest[] | undefined {
  const isOld = (manifest: Manifest) => now - Date.parse(manifest.publishedAt) >= STALE_RECORD_RETENTION_MS;
  const firstOldIndex = manifests.findIndex((manifest) => manifest && isOld(manifest));
  const hasFirstGeneration = manifests.at(-1)?.generation === 1;
  const needed = firstOldIndex === -1 ? manifests : manifests.slice(0, firstOldIndex + 1);
  const readable = needed.filter((manifest) => manifest !== undefined);
  const isComplete = readable.length === needed.length && (firstOldIndex !== -1 || hasFirstGeneration);
  return isComplete ? readable : undefined;
}
