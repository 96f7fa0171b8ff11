import { CURRENT_KEY, GENERATION_PREFIX, generationKey, shardKey } from "../../src/rules/keys.ts";
import { Manifest, type Rules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { generationOf, isOvergrown, outgrown } from "./history.ts";
import { canonical, plan, rulesDigest } from "./plan.ts";
import type { Sealer } from "./seal.ts";
import type { Signer } from "./sign.ts";

const WRITE_TRIES = 3;

/** What a publication came to. Nothing is written where the rules are what is published already. */
export interface Published {
  readonly generation: number;
  readonly digest: string;
  readonly changed: boolean;
  readonly writes: number; // keys written
  readonly bytes: number; // written
}

/**
 * Publishes rules: new shards first, read back, then the history's copy of the manifest, and `current` last. Cut short
 * anywhere it leaves a whole generation to read. Rejects where KV does not take or give back what was written.
 */
export async function publish(
  rules: Rules,
  kv: Kv,
  signer: Signer,
  now: Date,
  sealer?: Pick<Sealer, "prepare">,
): Promise<Published> {
  const previous = read(await kv.get(CURRENT_KEY), signer);
  if (previous?.digest === rulesDigest(rules)) {
    const { generation, digest } = previous;
    return { generation, digest, changed: false, writes: 0, bytes: 0 };
  }
  const generation = Math.max(previous?.generation ?? 0, await lastGeneration(kv)) + 1;
  const sealed = await sealer?.prepare(canonical(rules.hosts));
  const { manifest, shards } = plan(rules, previous, generation, now, sealed);
  const present = new Set(previous?.shards);
  const fresh = [...shards].filter(([digest]) => !present.has(digest));
  await writeShards(new Map(fresh.map(([digest, bytes]) => [shardKey(digest), bytes])), kv);
  const value = signer.seal(canonical(manifest));
  await kv.put([{ key: generationKey(generation), value }]);
  await kv.put([{ key: CURRENT_KEY, value }]);
  await trimHistory(kv, signer, now);
  const bytes = fresh.reduce((sum, [, text]) => sum + text.length, 2 * value.length);
  return { generation, digest: manifest.digest, changed: true, writes: fresh.length + 2, bytes };
}

/** A manifest that this sync job, or one with the same key, has published; anything else is as if it were not there. */
function read(bytes: string | undefined, signer: Signer): Manifest | undefined {
  const text = bytes === undefined ? undefined : signer.open(bytes);
  const manifest = text === undefined ? undefined : Manifest.safeParse(JSON.parse(text));
  return manifest?.success ? manifest.data : undefined;
}

/** Numbers only grow, whatever `current` says, which may be stale or garbage: edges refuse one that goes back. */
async function lastGeneration(kv: Kv): Promise<number> {
  const keys = await kv.list(GENERATION_PREFIX);
  return Math.max(0, ...keys.map((key) => generationOf(key) ?? 0));
}

/** Writes until what is read back is what was written. */
async function writeShards(wanted: ReadonlyMap<string, string>, kv: Kv): Promise<void> {
  let missing = [...wanted];
  for (let tries = 0; missing.length > 0; tries++) {
    if (tries === WRITE_TRIES)
      throw new Error(`KV does not give back ${missing.length} of ${wanted.size} shards as written`);
    await kv.put(missing.map(([key, value]) => ({ key, value })));
    const found = await kv.getMany(missing.map(([key]) => key));
    missing = missing.filter(([key, value]) => found.get(key) !== value);
  }
}

async function trimHistory(kv: Kv, signer: Signer, now: Date): Promise<void> {
  const keys = await kv.list(GENERATION_PREFIX);
  if (!isOvergrown(keys)) return;
  const values = await kv.getMany(keys);
  const held = keys.flatMap((key) => {
    const generation = generationOf(key);
    return generation === undefined ? [] : [{ key, generation, manifest: read(values.get(key), signer) }];
  });
  await kv.remove(outgrown(held, now));
}
