import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY, generationKey, SHARD_PREFIX, shardKey } from "../../src/rules/kv-keys.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { PartialReadError } from "../../sync/publish/blobs.ts";
import { PublishConflictError } from "../../sync/publish/guard/write-fence.ts";
import { publish } from "../../sync/publish/publish.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { encodeShard } from "../../sync/publish/storage/encode-blobs.ts";
import { listShardDigests } from "../../sync/publish/storage/manifest-blobs.ts";
import { createInterruptibleKv } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { addMinutes, buildManyShardRules, publishTurns, readServedRules } from "../support/publish/published-turns.ts";
import { sortByHost } from "../support/publish/sample-rules.ts";
import { SIGNER } from "../support/publish/signing.ts";

async function expectPartialRead(kv: Kv): Promise<PartialReadError<PublishedSnapshot>> {
  return readPublishedSnapshot(kv, SIGNER).then(
    () => assert.fail(),
    (error: PartialReadError<PublishedSnapshot>) => (error instanceof PartialReadError ? error : assert.fail()),
  );
}

const ANOTHER_SHARD = await encodeShard("\na.example.com {}");

describe("incident: KV fails during a publication", () => {
  test("A 503 at any step leaves a whole generation, and the next publication succeeds", async () => {
    for (let step = 0; ; step++) {
      const kv = new MemoryKv();
      const snapshot = await publishTurns(kv, 2);
      let remainingSteps = step;
      const failingKv = createInterruptibleKv(kv, () => {
        if (remainingSteps-- === 0) throw new Error("503");
      });
      await publish(buildManyShardRules(3), failingKv, SIGNER, addMinutes(200), undefined, { snapshot }).catch(
        ({ message }: Error) => assert.equal(message, "503"),
      );
      const { hosts, manifest } = await readServedRules(kv);
      assert.deepEqual(hosts, sortByHost(buildManyShardRules(manifest.generation === 2 ? 2 : 3).hosts));
      const latestSnapshot = await readPublishedSnapshot(kv, SIGNER);
      await publish(buildManyShardRules(4), kv, SIGNER, addMinutes(201), undefined, { snapshot: latestSnapshot });
      assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildManyShardRules(4).hosts));
      if (remainingSteps >= 0) return assert.ok(step > 10);
    }
  });

  for (const [condition, spoil, problem] of [
    ["is missing", (kv: MemoryKv, key: string) => kv.values.delete(key), "is not in KV"],
    [
      "has a wrong digest",
      (kv: MemoryKv, key: string) => kv.values.set(key, ANOTHER_SHARD),
      "does not match its digest",
    ],
    ["is not gzip", (kv: MemoryKv, key: string) => kv.values.set(key, "{}"), "is damaged: unexpected end of file"],
  ] as const) {
    test(`A shard that ${condition} is reported by digest, and the next publication writes it again`, async () => {
      const kv = new MemoryKv();
      const { manifest } = await publishTurns(kv, 2);
      assert.ok(manifest);
      const [key = ""] = listShardDigests(manifest).map(shardKey);
      spoil(kv, key);
      const { message, partialResult } = await expectPartialRead(kv);
      assert.equal(message, `generation 2 in KV is incomplete: shard ${key.slice(SHARD_PREFIX.length)} ${problem}`);
      assert.ok(partialResult.hosts.length > 0 && partialResult.hosts.length < 21);
      const { hasChanged } = await publish(buildManyShardRules(2), kv, SIGNER, addMinutes(200), undefined, {
        snapshot: partialResult,
      });
      assert.equal(hasChanged, true);
      assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildManyShardRules(2).hosts));
    });
  }

  test("The report of missing shards has the number of further shards", async () => {
    const kv = new MemoryKv();
    await publishTurns(kv, 1);
    for (const key of await kv.list(SHARD_PREFIX)) kv.values.delete(key);
    assert.match(
      (await expectPartialRead(kv)).message,
      /^generation 1 in KV is incomplete: shard [0-9a-f]{32} is not in KV, and 3 more$/,
    );
  });

  test("A stale current manifest neither causes nor prevents a write", async () => {
    const kv = new MemoryKv();
    await publishTurns(kv, 2);
    const staleBytes = kv.values.get(CURRENT_KEY);
    const { snapshot } = await publish(buildManyShardRules(3), kv, SIGNER, addMinutes(200), undefined, {
      snapshot: await readPublishedSnapshot(kv, SIGNER),
    });
    const get = async (key: string) => (key === CURRENT_KEY ? staleBytes : kv.get(key));
    const staleKv: Kv = { ...createInterruptibleKv(kv, () => {}), get };
    const unchangedResult = await publish(buildManyShardRules(3), staleKv, SIGNER, addMinutes(201), undefined, {
      snapshot,
    });
    assert.deepEqual(
      [unchangedResult.hasChanged, unchangedResult.generation, unchangedResult.snapshot.currentBytes],
      [false, 3, snapshot.currentBytes],
    );
    const nextResult = await publish(buildManyShardRules(4), staleKv, SIGNER, addMinutes(201), undefined, { snapshot });
    assert.deepEqual([nextResult.hasChanged, nextResult.generation], [true, 4]);
    assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildManyShardRules(4).hosts));
  });

  for (const [replacement, getBytes] of [
    ["an older generation", (kv: MemoryKv) => kv.values.get(generationKey(1))],
    ["invalid JSON", () => "{"],
    ["nothing", () => undefined],
  ] as const) {
    test(`A current manifest that was overwritten with ${replacement} is replaced with a higher generation`, async () => {
      for (const isKnown of [true, false]) {
        const kv = new MemoryKv();
        const snapshot = await publishTurns(kv, 3);
        const bytes = getBytes(kv);
        if (bytes === undefined) kv.values.delete(CURRENT_KEY);
        else kv.values.set(CURRENT_KEY, bytes);
        const lastSnapshot = isKnown ? snapshot : await readPublishedSnapshot(kv, SIGNER);
        const healedResult = await publish(buildManyShardRules(3), kv, SIGNER, addMinutes(400), undefined, {
          snapshot: lastSnapshot,
        });
        assert.deepEqual([healedResult.hasChanged, healedResult.generation], [true, 4]);
        const { manifest, hosts } = await readServedRules(kv);
        assert.deepEqual([manifest.generation, hosts], [4, sortByHost(buildManyShardRules(3).hosts)]);
      }
    });
  }

  test("A current manifest that was overwritten with a generation outside the history is replaced", async () => {
    for (const readSnapshot of [readPublishedSnapshot, async () => undefined]) {
      const kv = new MemoryKv();
      await publishTurns(kv, 1);
      const firstBytes = kv.values.get(CURRENT_KEY) ?? "";
      await publishTurns(kv, 59);
      assert.equal(kv.values.get(generationKey(1)), undefined);
      kv.values.set(CURRENT_KEY, firstBytes);
      await assert.rejects(readServedRules(kv));
      await publish(buildManyShardRules(59), kv, SIGNER, addMinutes(9000), undefined, {
        snapshot: await readSnapshot(kv, SIGNER),
      });
      assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildManyShardRules(59).hosts));
    }
  });

  test("A newer generation of another controller aborts the publication before any write", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 2);
    await publish(buildManyShardRules(9), kv, SIGNER, addMinutes(200));
    kv.remainingWrites = 0;
    await assert.rejects(
      publish(buildManyShardRules(3), kv, SIGNER, addMinutes(201), undefined, { snapshot }),
      (error: Error) => {
        assert.ok(error instanceof PublishConflictError);
        const message = "another controller published generation 3. This sync was aborted";
        assert.equal(error.message, message);
        return true;
      },
    );
  });
});
