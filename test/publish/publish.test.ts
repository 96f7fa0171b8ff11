import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CURRENT_KEY, generationKey, SHARD_PREFIX, shardKey } from "../../src/rules/kv-keys.ts";
import { countDigests } from "../../src/rules/storage/digest-table.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { publish } from "../../sync/publish/publish.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { listShardDigests } from "../../sync/publish/storage/manifest-blobs.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import {
  buildChangingRules,
  buildHostRules,
  buildRules,
  generateHosts,
  listHistory,
  readAllShards,
  sortByHost,
} from "../support/publish/sample-rules.ts";
import { KEYS, NOW, SIGNER } from "../support/publish/signing.ts";

const MINUTE_MS = 60_000;
const KIB = 1024;

/** Reads all rules of the manifest under `key`. */
function readRulesAt(kv: Kv, key = CURRENT_KEY) {
  return readAllShards(kv, KEYS.publicKey, key);
}

function addMinutes(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

const arbitraryHost = fc
  .tuple(fc.constantFrom(..."abcdefgh"), fc.constantFrom("one", "two"), fc.constantFrom(0, 10 * KIB, 60 * KIB))
  .map(([label, text, bytes]) => buildHostRules(`${label}.example.com`, text, bytes));
const arbitraryRules = fc
  .uniqueArray(arbitraryHost, { selector: ({ host }) => host })
  .map((hosts) => buildRules(sortByHost(hosts)));

describe("a publication", () => {
  test("Unchanged rules cause no write", async () => {
    const kv = new MemoryKv();
    const rules = buildRules(generateHosts(3, 0));
    const first = await publish(rules, kv, SIGNER, NOW);
    // A shard, a segment of the host filter, and the manifest twice.
    assert.deepEqual([first.generation, first.hasChanged, first.writes], [1, true, 4]);
    kv.remainingWrites = 0;
    const second = await publish(structuredClone(rules), kv, SIGNER, addMinutes(1));
    assert.deepEqual([second.generation, second.hasChanged, second.writes, second.bytes], [1, false, 0, 0]);
    assert.equal(second.digest, first.digest);
  });

  test("Rules without a host are published", async () => {
    const kv = new MemoryKv();
    const { generation } = await publish(buildRules([]), kv, SIGNER, NOW);
    assert.equal(generation, 1);
    assert.deepEqual((await readRulesAt(kv)).hosts, []);
  });

  test("One changed host causes three writes: its shard, the history copy and the current manifest", async () => {
    const kv = new MemoryKv();
    const hosts = generateHosts(100, 8 * KIB);
    await publish(buildRules(hosts), kv, SIGNER, NOW);
    const { manifest } = await readRulesAt(kv);
    assert.equal(countDigests(Buffer.from(manifest.shards, "base64")), 32);
    const shardKeys = kv.writtenKeys.filter((key) => key.startsWith(SHARD_PREFIX));
    assert.deepEqual(shardKeys.toSorted(), listShardDigests(manifest).map(shardKey).toSorted());
    kv.writtenKeys.length = 0;
    const changedHosts = hosts.with(7, buildHostRules("host-7.example.com", "b", 8 * KIB));
    const { generation, writes } = await publish(buildRules(changedHosts), kv, SIGNER, addMinutes(1));
    assert.deepEqual([generation, writes], [2, 3]);
    const [shard = "", ...manifests] = kv.writtenKeys;
    assert.ok(shard.startsWith(SHARD_PREFIX));
    assert.deepEqual(manifests, ["generation/2", "current"]);
    assert.deepEqual((await readRulesAt(kv)).hosts, sortByHost(changedHosts));
  });

  test("The history copy of a manifest has the same bytes as the current manifest", async () => {
    const kv = new MemoryKv();
    await publish(buildRules(generateHosts(1, 0)), kv, SIGNER, NOW);
    assert.equal(kv.values.get("generation/1"), kv.values.get("current"));
  });

  test("A publication that stops at any write leaves one whole generation", async () => {
    const cut = fc.nat({ max: 12 });
    await fc.assert(
      fc.asyncProperty(arbitraryRules, arbitraryRules, cut, async (oldRules, newRules, writes) => {
        const kv = new MemoryKv();
        await publish(oldRules, kv, SIGNER, NOW);
        kv.remainingWrites = writes;
        const isPublished = await publish(newRules, kv, SIGNER, addMinutes(1)).then(
          () => true,
          () => false,
        );
        const snapshot = await readRulesAt(kv);
        const isNewGeneration = snapshot.manifest.generation === 2;
        assert.deepEqual(snapshot.hosts, isNewGeneration ? newRules.hosts : oldRules.hosts);
        if (isPublished) assert.deepEqual(snapshot.hosts, newRules.hosts);
        kv.remainingWrites = Number.POSITIVE_INFINITY;
        await publish(newRules, kv, SIGNER, addMinutes(2));
        assert.deepEqual((await readRulesAt(kv)).hosts, newRules.hosts);
      }),
    );
  });

  test("A history cleanup that stops at any removal leaves whole generations and gives a warning", async () => {
    const writesPerPublication = 3; // one of two shards, and the manifest twice
    for (let removals = 0; ; removals++) {
      const kv = new MemoryKv();
      for (let turn = 0; turn < 19; turn++) await publish(buildChangingRules(turn), kv, SIGNER, addMinutes(120 * turn));
      kv.remainingWrites = writesPerPublication + removals;
      const { generation, warnings } = await publish(buildChangingRules(19), kv, SIGNER, addMinutes(120 * 19));
      for (const number of (await listHistory(kv)).filter((retained) => retained > generation - 10)) {
        await readRulesAt(kv, generationKey(number));
      }
      kv.remainingWrites = Number.POSITIVE_INFINITY;
      await publish(buildChangingRules(20), kv, SIGNER, addMinutes(120 * 20));
      await readRulesAt(kv);
      if (warnings.length === 0) return assert.ok(removals > 10);
      assert.deepEqual(warnings, ["history was not pruned: the connection is gone. The next publication retries"]);
    }
  });

  for (const [condition, staleValue] of [
    ["absent", undefined],
    ["old", "old"],
  ] as const) {
    test(`Shards whose read-back is ${condition} for a while are waited for, and written once`, async () => {
      const kv = new MemoryKv();
      let staleReads = 5;
      const readFresh = kv.getMany.bind(kv);
      kv.getMany = async (keys) => {
        if (staleReads-- <= 0) return readFresh(keys);
        return new Map(staleValue === undefined ? [] : keys.map((key) => [key, staleValue]));
      };
      await publish(buildRules(generateHosts(20, 8 * KIB)), kv, SIGNER, NOW);
      assert.equal(staleReads, -1);
      assert.equal((await readRulesAt(kv)).hosts.length, 20);
      assert.deepEqual(kv.writtenKeys, [...new Set(kv.writtenKeys)]);
    });
  }

  test("A shard that KV loses fails the publication, and the next one writes it", async () => {
    const kv = new MemoryKv();
    kv.writesToLose = 1;
    const rules = buildRules(generateHosts(20, 8 * KIB));
    await assert.rejects(publish(rules, kv, SIGNER, NOW), /^Error: KV does not return 1 of \d+ shards as written$/);
    assert.equal(kv.values.get(CURRENT_KEY), undefined);
    await publish(rules, kv, SIGNER, NOW);
    assert.equal((await readRulesAt(kv)).hosts.length, 20);
  });

  test("A publication fails without a new manifest if KV never returns a shard", async () => {
    const kv = new MemoryKv();
    const oldRules = buildRules([buildHostRules("a.example.com", "before")]);
    await publish(oldRules, kv, SIGNER, NOW);
    kv.writesToLose = Number.POSITIVE_INFINITY;
    const newRules = buildRules([buildHostRules("a.example.com", "after")]);
    await assert.rejects(publish(newRules, kv, SIGNER, NOW), {
      message: "KV does not return 1 of 1 shards as written",
    });
    assert.deepEqual((await readRulesAt(kv)).hosts, oldRules.hosts);
  });

  for (const [condition, spoil] of [
    ["is not JSON", () => "{"],
    ["is missing", () => undefined],
    [
      "has the signature of another key",
      (bytes: string) => createSigner(generateSigningKeys().privateKey).sign(JSON.parse(bytes).manifest),
    ],
    ["was changed", (bytes: string) => bytes.replace("2026", "2027")],
    ["is a signed value of another type", () => SIGNER.sign('{"generation":99}')],
  ] as const) {
    test(`The generation continues from the history if the current manifest ${condition}`, async () => {
      const kv = new MemoryKv();
      for (let turn = 0; turn < 12; turn++) await publish(buildChangingRules(turn), kv, SIGNER, addMinutes(turn));
      const spoiledBytes = spoil(kv.values.get(CURRENT_KEY) ?? "");
      if (spoiledBytes === undefined) kv.values.delete(CURRENT_KEY);
      else kv.values.set(CURRENT_KEY, spoiledBytes);
      const { generation, hasChanged } = await publish(buildChangingRules(11), kv, SIGNER, addMinutes(13));
      assert.deepEqual([generation, hasChanged], [13, true]);
      assert.deepEqual((await readRulesAt(kv)).hosts, buildChangingRules(11).hosts);
    });
  }

  test("The first generation is 1, and keys with an invalid generation are not history", async () => {
    const kv = new MemoryKv();
    await kv.put([
      { key: "generation/x", value: "" },
      { key: "generation/-4", value: "" },
      { key: "generation/1.5", value: "" },
    ]);
    assert.equal((await publish(buildChangingRules(0), kv, SIGNER, NOW)).generation, 1);
  });
});
