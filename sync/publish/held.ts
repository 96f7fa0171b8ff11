import * as z from "zod";
import { CURRENT_KEY, GENERATION_PREFIX, shardKey } from "../../src/rules/keys.ts";
import { FORMAT, type HostRules, Manifest, Shard } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { lostText, PartlyReadError, readBlobs } from "./blobs.ts";
import { generationOf } from "./history.ts";
import type { Signer } from "./sign.ts";

const Versioned = z.object({ format: z.number() });

/** What is published, as it was read from KV or as it was published last. */
export interface Held extends Newest {
  readonly hosts: readonly HostRules[]; // of the manifest
  /** Digests of shards that the manifest names and KV does not give as they were written. */
  readonly lost: readonly string[];
}

/** The newest generation, whether `current` leads to it or not. */
export interface Newest {
  /** In force, or in history after that; undefined where this key has signed none. */
  readonly manifest: Manifest | undefined;
  /** What lies under `current`. */
  readonly bytes: string | undefined;
  /** The highest number in KV, readable or not: the next one is higher. 0 where there is none. */
  readonly newest: number;
}

/**
 * Reads all that is published. Rejects with a PartlyReadError where a shard cannot be had; whoever publishes after its
 * `rest` writes that shard anew.
 */
export async function readHeld(kv: Kv, signer: Signer): Promise<Held> {
  const newest = await readNewest(kv, signer, await kv.get(CURRENT_KEY));
  const digests = new Set((newest.manifest?.shards ?? []).filter((digest) => digest !== null));
  const { values, lost } = await readBlobs(kv, [...digests], shardKey, Shard);
  const hosts = [...values.values()].flatMap((shard) => shard.hosts);
  const held = { ...newest, hosts, lost: lost.map(({ digest }) => digest) };
  if (lost.length === 0) return held;
  throw new PartlyReadError(`of generation ${newest.manifest?.generation} in KV, ${lostText(lost, "shard")}`, held);
}

/** The newest generation, with `bytes` under `current`. Those in history count where a publication was cut short. */
export async function readNewest(kv: Kv, signer: Signer, bytes: string | undefined): Promise<Newest> {
  const current = manifestIn(bytes, signer);
  const history = await generationsIn(kv);
  const inForce = current?.generation ?? 0;
  const later = [...history].filter(([generation]) => generation > inForce).toSorted(([a], [b]) => b - a);
  const manifest = (await firstReadable(later, kv, signer)) ?? current;
  return { manifest, bytes, newest: Math.max(inForce, ...history.keys()) };
}

/** A manifest that this sync job, or one with the same key, has published; anything else is as if it were not there. */
export function manifestIn(bytes: string | undefined, signer: Signer): Manifest | undefined {
  const text = bytes === undefined ? undefined : signer.open(bytes);
  const manifest = text === undefined ? undefined : Manifest.safeParse(JSON.parse(text));
  return manifest?.success ? manifest.data : undefined;
}

/**
 * Why what lies under `current` must not be written over: a newer sync job with the same key has published it, so that this
 * one cannot tell what it would take away. One line; nothing where it may be.
 */
export async function newerProblem(kv: Kv, signer: Signer): Promise<string | undefined> {
  const text = signer.open((await kv.get(CURRENT_KEY)) ?? "");
  const read = Versioned.safeParse(text === undefined ? undefined : JSON.parse(text));
  if (!read.success || read.data.format <= FORMAT) return undefined;
  return `what is published is of a newer version: of format ${read.data.format}, and this one knows ${FORMAT}: run the newer sync job, or publish over it with --take-over`;
}

/** The keys of history, by generation. */
export async function generationsIn(kv: Kv): Promise<Map<number, string>> {
  const keys = await kv.list(GENERATION_PREFIX);
  const numbered = keys.map((key) => [generationOf(key), key] as const);
  return new Map(numbered.flatMap(([generation, key]) => (generation === undefined ? [] : [[generation, key]])));
}

async function firstReadable(
  history: readonly (readonly [generation: number, key: string])[],
  kv: Kv,
  signer: Signer,
): Promise<Manifest | undefined> {
  if (history.length === 0) return undefined;
  const values = await kv.getMany(history.map(([, key]) => key));
  for (const [generation, key] of history) {
    const manifest = manifestIn(values.get(key), signer);
    if (manifest?.generation === generation) return manifest;
  }
  return undefined;
}
