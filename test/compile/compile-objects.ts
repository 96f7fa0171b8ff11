import assert from "node:assert/strict";
import { buildRouteTable } from "../../src/match/route-table.ts";
import { expandShard, Manifest, Shard } from "../../src/rules/snapshot.ts";
import { parseShardText } from "../../src/rules/storage/shard-text.ts";
import { parseCluster, type RawObject } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import { readShardText } from "../../sync/publish/serialize.ts";
import { LINEAR, OPTIONS, ZONES } from "../support/fixture.ts";

// An inspection of an expression takes some 50 ms; where the time to match it is not the matter, all are taken.
export const FAST_OPTIONS: Options = { ...OPTIONS, zones: ZONES, regexVerdicts: { get: () => LINEAR } };
const NOW = new Date("2026-03-01T12:00:00Z");

export function compileObjects(all: readonly unknown[], options = FAST_OPTIONS): Compilation {
  return compile(parseCluster(buildRawObjects(all)), options);
}

export function buildRawObjects(all: readonly unknown[]): RawObject[] {
  return all.map((object) => ({ object, source: toCanonicalJson(object) }));
}

/** What an edge would find in KV passes its own, strict schemas, and holds nothing that JSON loses. */
export function assertReadable({ rules }: Compilation): void {
  const publication = planPublication(rules, undefined, 1, NOW, { kvNamespaceId: "memory", hashKey: [1, 2] });
  assert.ok(publication);
  const { manifest, shards } = publication;
  assert.deepEqual(Manifest.parse(JSON.parse(toCanonicalJson(manifest))), manifest);
  const hosts = [...shards.values()].flatMap((shard) => expandShard(Shard.parse(parseShardText(readShardText(shard)))));
  assert.equal(hosts.length, rules.hosts.length);
  for (const host of hosts) buildRouteTable(host);
}
