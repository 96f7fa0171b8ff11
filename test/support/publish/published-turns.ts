import type { Rules } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../../sync/cloudflare/kv.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { buildHostRules, buildRules, generateHosts, readAllShards } from "./sample-rules.ts";
import { KEYS, NOW, SIGNER } from "./signing.ts";

const MINUTE_MS = 60_000;
const KIB = 1024;

export function addMinutes(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

/** Returns rules of many shards, of which one changes at every turn. */
export function buildManyShardRules(turn: number): Rules {
  return buildRules([...generateHosts(20, 8 * KIB), buildHostRules("turn.example.com", `turn-${turn}`, 8 * KIB)]);
}

/** Publishes turns 1 to `last`. The generation of a turn is its number. */
export async function publishTurns(kv: Kv, last: number): Promise<PublishedSnapshot> {
  let snapshot: PublishedSnapshot = await readPublishedSnapshot(kv, SIGNER);
  for (let turn = 1; turn <= last; turn++) {
    snapshot = (await publish(buildManyShardRules(turn), kv, SIGNER, addMinutes(60 * turn), undefined, { snapshot }))
      .snapshot;
  }
  return snapshot;
}

export async function readServedRules(kv: Kv) {
  return readAllShards(kv, KEYS.publicKey);
}
