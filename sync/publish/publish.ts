import { CURRENT_KEY, generationKey, shardKey } from "../../src/rules/keys.ts";
import type { Manifest, Rules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../cloudflare/kv.ts";
import { writeBlobs } from "./blobs.ts";
import { canonical } from "./canonical.ts";
import { type Fence, fenced, NO_FENCE } from "./fence.ts";
import { generationsIn, type Held, manifestIn } from "./held.ts";
import { isOvergrown, outgrown } from "./history.ts";
import { fitOf } from "./limits.ts";
import { plan, rulesDigest } from "./plan.ts";
import type { Sealer } from "./seal.ts";
import type { Signer } from "./sign.ts";
import { putInTurn, startOf } from "./start.ts";
import { textOf } from "./texts.ts";

/** What a publication came to. Nothing is written where the rules are what is published already. */
export interface Published {
  readonly generation: number;
  readonly digest: string;
  readonly changed: boolean;
  readonly writes: number; // keys written
  readonly bytes: number; // written
  /** What comes near a limit, and what was left undone that can wait. */
  readonly warnings: readonly string[];
  /** What is published now, for the next publication. */
  readonly held: Held;
}

/** How a publication is kept from writing over another sync job's. */
export interface Turn {
  readonly fence?: Fence;
  /** What was published when the rules were judged: another's publication since then ends this one. */
  readonly held?: Held | undefined;
}

/**
 * Publishes rules: new shards first, read back, then the history's copy of the manifest, and `current` last. Cut short
 * anywhere it leaves a whole generation to read. Rejects where KV does not take or give back what was written, where a
 * value is too large, and with a SupersededError where another has published meanwhile; whatever was the reason, what is
 * held must be read anew before the next try. A `current` that is not the newest generation is published anew.
 */
export async function publish(
  rules: Rules,
  kv: Kv,
  signer: Signer,
  now: Date,
  sealer?: Pick<Sealer, "prepare">,
  { fence = NO_FENCE, held }: Turn = {},
): Promise<Published> {
  const start = await startOf(kv, signer, now, held);
  if (start.isInForce && isPublished(rules, start.held)) return unchanged(rules, start.held);
  const writable = fenced(kv, fence);
  const history = await generationsIn(kv);
  const generation = Math.max(start.held.newest, ...history.keys()) + 1;
  const sealed = await sealer?.prepare(rules.hosts.map(textOf));
  const { manifest, shards } = plan(rules, start.held.manifest, generation, now, sealed);
  const value = signer.seal(canonical(manifest));
  const fresh = freshOf(shards, start.held);
  const warnings = warningsOf(fresh, value);
  await writeBlobs(writable, fresh, "shards");
  await putInTurn({ key: generationKey(generation), value }, writable, signer, start);
  await putInTurn({ key: CURRENT_KEY, value }, writable, signer, start);
  const untrimmed = await trimHistory(history, manifest, writable, signer, now).catch(untrimmedText);
  return {
    generation,
    digest: manifest.digest,
    changed: true,
    writes: fresh.size + 2,
    bytes: [...fresh.values()].reduce((sum, text) => sum + text.length, 2 * value.length),
    warnings: [...warnings, ...untrimmed],
    held: { manifest, hosts: rules.hosts, bytes: value, newest: generation, lost: [] },
  };
}

function isPublished(rules: Rules, { manifest, lost }: Held): boolean {
  return lost.length === 0 && manifest?.digest === rulesDigest(rules);
}

function unchanged({ hosts }: Rules, held: Held): Published {
  const { generation = 0, digest = "" } = held.manifest ?? {};
  return { generation, digest, changed: false, writes: 0, bytes: 0, warnings: [], held: { ...held, hosts } };
}

/** The shards, by key, that KV does not hold yet. */
function freshOf(shards: ReadonlyMap<string, string>, { manifest, lost }: Held): Map<string, string> {
  const present = new Set(manifest?.shards.filter((digest) => digest === null || !lost.includes(digest)));
  const fresh = [...shards].filter(([digest]) => !present.has(digest));
  return new Map(fresh.map(([digest, bytes]) => [shardKey(digest), bytes]));
}

function warningsOf(fresh: ReadonlyMap<string, string>, manifest: string): readonly string[] {
  const { problems, warnings } = fitOf(fresh.values(), manifest);
  if (problems.length > 0) throw new Error(`nothing was published: ${problems.join("; ")}`);
  return warnings;
}

/** What is published stays published where its history cannot be trimmed: the next publication does it. */
async function trimHistory(
  history: ReadonlyMap<number, string>,
  published: Manifest,
  kv: Kv,
  signer: Signer,
  now: Date,
): Promise<string[]> {
  const keys = [...history.values()];
  const own = { key: generationKey(published.generation), generation: published.generation, manifest: published };
  if (!isOvergrown([...keys, own.key])) return [];
  const values = await kv.getMany(keys);
  const older = [...history].map(([generation, key]) => ({
    key,
    generation,
    manifest: manifestIn(values.get(key), signer),
  }));
  await kv.remove(outgrown([...older, own], now));
  return [];
}

function untrimmedText(error: unknown): string[] {
  return [`history is not trimmed yet: ${error instanceof Error ? error.message : String(error)}`];
}
