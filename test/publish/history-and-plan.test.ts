import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { generationKey, SHARD_PREFIX, shardKey } from "../../src/rules/kv-keys.ts";
import { type HostRules, Shard } from "../../src/rules/snapshot.ts";
import { parseShardText } from "../../src/rules/storage/shard-text.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { chooseShardCount, computeRulesDigest, planPublication } from "../../sync/publish/plan-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import { readShardText } from "../../sync/publish/serialize.ts";
import { COLLECTION_KEY } from "../../sync/publish/storage/collect-blobs.ts";
import { listShardDigests } from "../../sync/publish/storage/manifest-blobs.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import {
  buildChangingRules,
  buildHostRules,
  buildRules,
  generateHosts,
  listHistory,
  readAllShards,
} from "../support/publish/sample-rules.ts";
import { KEYS, NOW, SIGNER } from "../support/publish/signing.ts";

const MINUTE_MS = 60_000;
const KIB = 1024;

function addMinutes(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

const TARGET = { kvNamespaceId: "memory", hashKey: [1, 2] } as const;

describe("the history", () => {
  test("The history keeps ten generations and their shards", async () => {
    const kv = new MemoryKv();
    for (let turn = 0; turn < 45; turn++) {
      await publish(buildChangingRules(turn), kv, SIGNER, addMinutes(120 * turn));
      const generations = await listHistory(kv);
      assert.ok(
        generations.length >= Math.min(turn + 1, 10) && generations.length < 20,
        `${generations.length} after ${turn + 1}`,
      );
      const newest = Array.from({ length: Math.min(turn + 1, 10) }, (_, index) => turn + 1 - index);
      assert.deepEqual(generations.slice(0, 10), newest);
      for (const generation of generations) {
        assert.deepEqual(
          (await readAllShards(kv, KEYS.publicKey, generationKey(generation))).hosts,
          buildChangingRules(generation - 1).hosts,
        );
      }
    }
    const snapshots = await Promise.all(
      (await listHistory(kv)).map((number) => readAllShards(kv, KEYS.publicKey, generationKey(number))),
    );
    const neededKeys = snapshots.flatMap(({ manifest }) => listShardDigests(manifest)).map(shardKey);
    const waitingKeys = Object.keys(JSON.parse(kv.values.get(COLLECTION_KEY) ?? "{}"));
    const waitingShards = waitingKeys.filter((key) => key.startsWith(SHARD_PREFIX));
    assert.deepEqual(await kv.list(SHARD_PREFIX), [...new Set([...neededKeys, ...waitingShards])].toSorted());
    assert.ok(waitingShards.length > 0 && waitingShards.length < 30, `${waitingShards.length} shards wait`);
  });

  test("The history keeps every generation of the last hour, and removes it later", async () => {
    const kv = new MemoryKv();
    for (let turn = 0; turn < 50; turn++) await publish(buildChangingRules(turn), kv, SIGNER, addMinutes(turn));
    assert.equal((await listHistory(kv)).length, 50);
    for (const generation of await listHistory(kv)) await readAllShards(kv, KEYS.publicKey, generationKey(generation));
    await publish(buildChangingRules(50), kv, SIGNER, addMinutes(80));
    // Generation 21 was published at minute 20, one hour ago, and is removed. Generation 22 stays.
    assert.deepEqual([(await listHistory(kv)).at(-1), (await listHistory(kv)).length], [22, 30]);
    await publish(buildChangingRules(51), kv, SIGNER, addMinutes(300));
    assert.deepEqual(await listHistory(kv), [52, 51, 50, 49, 48, 47, 46, 45, 44, 43]);
  });
});

describe("the number of shards", () => {
  test("The number of shards is the power of two with a shard size nearest to 32 KiB", () => {
    const cases = [
      [0, 1],
      [32 * KIB, 1],
      [44 * KIB, 1],
      [48 * KIB, 2],
      [64 * KIB, 2],
      [90 * KIB, 2],
      [92 * KIB, 4],
      [1024 * KIB, 32],
      [10 * 1024 * KIB, 256],
      [1024 * 1024 * KIB, 4096],
    ] as const;
    for (const [bytes, count] of cases) assert.equal(chooseShardCount(bytes, undefined), count, `${bytes} bytes`);
  });

  test("The number of shards stays while the shard size is within a factor of 4 of 32 KiB", () => {
    assert.equal(chooseShardCount(127 * KIB, 1), 1);
    assert.equal(chooseShardCount(128 * KIB, 1), 4);
    assert.equal(chooseShardCount(33 * KIB, 4), 4);
    assert.equal(chooseShardCount(32 * KIB, 4), 1);
  });

  test("The number of shards is a power of two with an average near 32 KiB for any size of rules", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100 * 1024 * KIB }),
        fc.option(fc.nat({ max: 12 }), { nil: undefined }),
        (bytes, previousExponent) => {
          const count = chooseShardCount(bytes, previousExponent === undefined ? undefined : 2 ** previousExponent);
          assert.ok(Number.isInteger(Math.log2(count)) && count >= 1 && count <= 4096);
          assert.ok(bytes / count < 4 * 32 * KIB);
          assert.ok(count === 1 || bytes / count > (32 * KIB) / 4);
        },
      ),
    );
  });
});

test("Canonical JSON has the same bytes for any order of keys", () => {
  assert.equal(toCanonicalJson({ b: 1, a: [{ d: 2, c: 3 }] }), '{"a":[{"c":3,"d":2}],"b":1}');
});

describe("a publication plan", () => {
  const hosts = generateHosts(20, KIB);
  const upper = (text: string) => text.toUpperCase();

  test("The digest of rules depends on their content, not on object identity or key order", () => {
    const rules = buildRules(hosts);
    const reorderedHosts = hosts.map(({ host, policies, routes, backends }) => ({ backends, routes, policies, host }));
    assert.equal(computeRulesDigest(buildRules(reorderedHosts)), computeRulesDigest(rules));
    assert.notEqual(
      computeRulesDigest(buildRules(hosts.with(7, buildHostRules("host-7.example.com", "b", KIB)))),
      computeRulesDigest(rules),
    );
    assert.notEqual(computeRulesDigest({ ...rules, zones: ["example.net"] }), computeRulesDigest(rules));
    assert.notEqual(computeRulesDigest(buildRules(hosts.slice(1))), computeRulesDigest(rules));
  });

  test("The shards of equal rules have the same bytes, with and without cached results", () => {
    const changedHosts = hosts.with(7, buildHostRules("host-7.example.com", "b", KIB));
    const buildShards = (hostRules: readonly HostRules[], encryptTokens?: (text: string) => string) =>
      planPublication(buildRules(hostRules), undefined, 1, NOW, { ...TARGET, encryptTokens }).shards;
    for (const hostRules of [hosts, changedHosts, hosts.slice(3), hosts]) {
      assert.deepEqual(buildShards(hostRules), buildShards(structuredClone(hostRules)));
      assert.deepEqual(buildShards(hostRules, upper), buildShards(structuredClone(hostRules), upper));
      for (const [digest, shard] of buildShards(hostRules)) {
        const text = readShardText(shard);
        assert.equal(shard.bytes, Buffer.byteLength(text));
        const records = Shard.parse(parseShardText(text)).hosts.map(
          (host) => `\n${host.host} ${toCanonicalJson(host)}`,
        );
        assert.equal(text, records.join(""));
        assert.equal(digest, createHash("sha256").update(text).digest("hex").slice(0, 32));
      }
    }
  });

  test("Only the shard of a changed host is serialized again", () => {
    const encryptedTexts: string[] = [];
    const encryptTokens = (text: string) => {
      encryptedTexts.push(text);
      return text;
    };
    const allHosts = generateHosts(100, 8 * KIB);
    assert.equal(
      planPublication(buildRules(allHosts), undefined, 1, NOW, { ...TARGET, encryptTokens }).shards.size,
      encryptedTexts.length,
    );
    encryptedTexts.length = 0;
    planPublication(buildRules([...allHosts]), undefined, 2, NOW, { ...TARGET, encryptTokens });
    assert.deepEqual(encryptedTexts, []);
    planPublication(
      buildRules(allHosts.with(7, buildHostRules("host-7.example.com", "b", 8 * KIB))),
      undefined,
      3,
      NOW,
      { ...TARGET, encryptTokens },
    );
    assert.equal(encryptedTexts.length, 1);
    assert.match(encryptedTexts.join(), /"\/bxxx/);
  });
});
