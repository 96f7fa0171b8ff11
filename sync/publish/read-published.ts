import * as z from "zod";
import { CURRENT_KEY, GENERATION_PREFIX } from "../../src/rules/kv-keys.ts";
import { expandShard, FORMAT, type HostRules, Manifest } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { formatMissingBlobs, type MissingBlob, PartialReadError } from "./blobs.ts";
import { parseGeneration } from "./prune-history.ts";
import { rememberSettingsKeys } from "./serialize.ts";
import type { ManifestVerifier } from "./sign-manifest.ts";
import { listAllShardDigests, listFilterDigests, listShardDigests } from "./storage/manifest-blobs.ts";
import { findMissingFilters, readShards } from "./storage/read-blobs.ts";

const FormatVersion = z.object({ format: z.number() });

/** The published snapshot, as read from KV or as last published. */
export interface PublishedSnapshot extends NewestGeneration {
  readonly hosts: readonly HostRules[]; // in the shards of the manifest
  /** Digests of shards, and of segments of the host filter, that are missing or damaged in KV. */
  readonly missingShards: readonly string[];
}

/** The newest generation, even if `current` does not point to it. */
export interface NewestGeneration {
  /** The manifest under `current`, or a later one in history. Undefined if none has a valid signature. */
  readonly manifest: Manifest | undefined;
  /** The value of the key `current`. */
  readonly currentBytes: string | undefined;
  /** The highest generation in KV, readable or not; 0 without any. The next publication uses a higher one. */
  readonly highestGeneration: number;
  /** Whether KV may have a newer generation that its reads do not show yet. Then nothing is collected. */
  readonly mayBeStale?: boolean;
}

/**
 * Reads the published snapshot. Rejects with a `PartialReadError` if a shard is missing or damaged. A publication based
 * on its `partialResult` writes that shard again.
 */
export async function readPublishedSnapshot(kv: Kv, signer: ManifestVerifier): Promise<PublishedSnapshot> {
  const newestGeneration = await readNewestGeneration(kv, signer, await kv.get(CURRENT_KEY));
  const { manifest } = newestGeneration;
  const { hosts, missingBlobs } = manifest ? await readHosts(kv, manifest) : { hosts: [], missingBlobs: [] };
  const snapshot = { ...newestGeneration, hosts, missingShards: missingBlobs.map(({ digest }) => digest) };
  if (missingBlobs.length === 0) return snapshot;
  throw new PartialReadError(
    `generation ${manifest?.generation} in KV is incomplete: ${formatMissingBlobs(missingBlobs, "shard")}`,
    snapshot,
  );
}

/** Reads the hosts of the active side of a manifest, and finds the blobs of both sides that are missing or damaged in KV. */
export async function readHosts(
  kv: Kv,
  manifest: Manifest,
): Promise<{ readonly hosts: readonly HostRules[]; readonly missingBlobs: readonly MissingBlob[] }> {
  const { values, missingBlobs } = await readShards(kv, listAllShardDigests(manifest));
  const missingFilters = await findMissingFilters(kv, listFilterDigests(manifest));
  for (const shard of values.values()) rememberSettingsKeys(shard);
  const activeShards = listShardDigests(manifest).flatMap((digest) => values.get(digest) ?? []);
  return { hosts: activeShards.flatMap(expandShard), missingBlobs: [...missingBlobs, ...missingFilters] };
}

/** Reads the newest generation. History has a later one than `current` if a publication was interrupted. */
export async function readNewestGeneration(
  kv: Kv,
  signer: ManifestVerifier,
  currentBytes: string | undefined,
): Promise<NewestGeneration> {
  const currentManifest = parseSignedManifest(currentBytes, signer);
  const history = await listGenerations(kv);
  const currentGeneration = currentManifest?.generation ?? 0;
  const laterGenerations = [...history]
    .filter(([generation]) => generation > currentGeneration)
    .toSorted(([a], [b]) => b - a);
  const manifest = (await findFirstReadable(laterGenerations, kv, signer)) ?? currentManifest;
  return { manifest, currentBytes, highestGeneration: Math.max(currentGeneration, ...history.keys()) };
}

/** Returns the generation under `current`; 0 without one. An unreadable one counts as the highest, because it is not older. */
export function findCurrentGeneration({ currentBytes }: NewestGeneration, signer: ManifestVerifier): number {
  if (currentBytes === undefined) return 0;
  return parseSignedManifest(currentBytes, signer)?.generation ?? Number.POSITIVE_INFINITY;
}

/** Returns the manifest in `bytes`, or undefined if the signature or the format is invalid. */
export function parseSignedManifest(bytes: string | undefined, signer: ManifestVerifier): Manifest | undefined {
  const text = bytes === undefined ? undefined : signer.verify(bytes);
  const manifest = text === undefined ? undefined : Manifest.safeParse(JSON.parse(text));
  return manifest?.success ? manifest.data : undefined;
}

/**
 * Returns a problem of one line if a newer version of edgress published `current`. This version cannot read the snapshot,
 * so it cannot check for mass deletions.
 */
export async function findFormatProblem(kv: Kv, signer: ManifestVerifier): Promise<string | undefined> {
  const text = signer.verify((await kv.get(CURRENT_KEY)) ?? "");
  const result = FormatVersion.safeParse(text === undefined ? undefined : JSON.parse(text));
  if (!result.success || result.data.format <= FORMAT) return undefined;
  return `the published snapshot is of a newer version: format ${result.data.format}, supported ${FORMAT}. Run the newer version, or overwrite the snapshot with --take-ownership`;
}

/** Returns the keys in history, by generation. */
export async function listGenerations(kv: Kv): Promise<Map<number, string>> {
  const keys = await kv.list(GENERATION_PREFIX);
  const entries = keys.map((key) => [parseGeneration(key), key] as const);
  return new Map(entries.flatMap(([generation, key]) => (generation === undefined ? [] : [[generation, key]])));
}

async function findFirstReadable(
  history: readonly (readonly [generation: number, key: string])[],
  kv: Kv,
  signer: ManifestVerifier,
): Promise<Manifest | undefined> {
  if (history.length === 0) return undefined;
  const values = await kv.getMany(history.map(([, key]) => key));
  for (const [generation, key] of history) {
    const manifest = parseSignedManifest(values.get(key), signer);
    if (manifest?.generation === generation) return manifest;
  }
  return undefined;
}
