import * as z from "zod";
import { CURRENT_KEY, GENERATION_PREFIX, shardKey } from "../../src/rules/kv-keys.ts";
import { FORMAT, type HostRules, Manifest, Shard } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { formatMissingBlobs, PartialReadError, readBlobs } from "./blobs.ts";
import { parseGeneration } from "./prune-history.ts";
import type { Signer } from "./sign-manifest.ts";

const FormatVersion = z.object({ format: z.number() });

/** What is published, as it was read from KV or as it was published last. */
export interface PublishedSnapshot extends NewestGeneration {
  readonly hosts: readonly HostRules[]; // of the manifest
  /** Digests of shards that the manifest names and KV does not give as they were written. */
  readonly missingShards: readonly string[];
}

/** The newest generation, whether `current` leads to it or not. */
export interface NewestGeneration {
  /** In force, or in history after that; undefined where this key has signed none. */
  readonly manifest: Manifest | undefined;
  /** What lies under `current`. */
  readonly currentBytes: string | undefined;
  /** The highest number in KV, readable or not: the next one is higher. 0 where there is none. */
  readonly highestGeneration: number;
}

/**
 * Reads all that is published. Rejects with a PartlyReadError where a shard cannot be had; whoever publishes after its
 * `rest` writes that shard anew.
 */
export async function readPublishedSnapshot(kv: Kv, signer: Signer): Promise<PublishedSnapshot> {
  const newestGeneration = await readNewestGeneration(kv, signer, await kv.get(CURRENT_KEY));
  const digests = new Set((newestGeneration.manifest?.shards ?? []).filter((digest) => digest !== null));
  const { values, missingBlobs } = await readBlobs(kv, [...digests], shardKey, Shard);
  const hosts = [...values.values()].flatMap((shard) => shard.hosts);
  const snapshot = { ...newestGeneration, hosts, missingShards: missingBlobs.map(({ digest }) => digest) };
  if (missingBlobs.length === 0) return snapshot;
  throw new PartialReadError(
    `of generation ${newestGeneration.manifest?.generation} in KV, ${formatMissingBlobs(missingBlobs, "shard")}`,
    snapshot,
  );
}

/** The newest generation, with `bytes` under `current`. Those in history count where a publication was cut short. */
export async function readNewestGeneration(
  kv: Kv,
  signer: Signer,
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

/** A manifest that this sync job, or one with the same key, has published; anything else is as if it were not there. */
export function parseSignedManifest(bytes: string | undefined, signer: Signer): Manifest | undefined {
  const text = bytes === undefined ? undefined : signer.verify(bytes);
  const manifest = text === undefined ? undefined : Manifest.safeParse(JSON.parse(text));
  return manifest?.success ? manifest.data : undefined;
}

/**
 * Why what lies under `current` must not be written over: a newer sync job with the same key has published it, so that this
 * one cannot tell what it would take away. One line; nothing where it may be.
 */
export async function findFormatProblem(kv: Kv, signer: Signer): Promise<string | undefined> {
  const text = signer.verify((await kv.get(CURRENT_KEY)) ?? "");
  const result = FormatVersion.safeParse(text === undefined ? undefined : JSON.parse(text));
  if (!result.success || result.data.format <= FORMAT) return undefined;
  return `what is published is of a newer version: of format ${result.data.format}, and this one knows ${FORMAT}: run the newer sync job, or publish over it with --take-ownership`;
}

/** The keys of history, by generation. */
export async function listGenerations(kv: Kv): Promise<Map<number, string>> {
  const keys = await kv.list(GENERATION_PREFIX);
  const entries = keys.map((key) => [parseGeneration(key), key] as const);
  return new Map(entries.flatMap(([generation, key]) => (generation === undefined ? [] : [[generation, key]])));
}

async function findFirstReadable(
  history: readonly (readonly [generation: number, key: string])[],
  kv: Kv,
  signer: Signer,
): Promise<Manifest | undefined> {
  if (history.length === 0) return undefined;
  const values = await kv.getMany(history.map(([, key]) => key));
  for (const [generation, key] of history) {
    const manifest = parseSignedManifest(values.get(key), signer);
    if (manifest?.generation === generation) return manifest;
  }
  return undefined;
}
