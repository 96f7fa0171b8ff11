import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { NO_FENCE } from "../../sync/publish/guard/write-fence.ts";
import { publish } from "../../sync/publish/publish.ts";
import { readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { createInterruptibleKv, type KvStepHook } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import {
  assertServes,
  buildWriterHosts,
  createKvWithHistory,
  createLease,
  createSuspension,
  findWriter,
  HOUR_MS,
  isStaleLeaderError,
  publishAs,
  recordGenerations,
} from "../support/publish/competing-writers.ts";
import { buildRules, readAllShards } from "../support/publish/sample-rules.ts";
import { KEYS, NOW, SIGNER } from "../support/publish/signing.ts";

describe("a former leader", () => {
  test("A former leader that was suspended at any step writes nothing after another one acquired the Lease", async () => {
    for (let step = 0; ; step++) {
      const kv = await createKvWithHistory();
      const { generations } = recordGenerations(kv);
      const lease = createLease();
      const { pause, reached, resume } = createSuspension(step, () => true);
      const former = publishAs("former", createInterruptibleKv(kv, pause), lease.fenceOf("former"), 0).catch(
        (error: Error) => error,
      );
      const isSuspended = await Promise.race([reached.then(() => true), former.then(() => false)]);
      if (!isSuspended) return assert.ok(step > 30, `${step} steps`);
      lease.holder = "next";
      const generation = await publishAs("next", kv, lease.fenceOf("next"), 1);
      const writeCount = kv.writtenKeys.length;
      resume();
      const result = await former;
      assert.equal(kv.writtenKeys.length, writeCount);
      if (result instanceof Error) assert.ok(isStaleLeaderError(result), result.message);
      await assertServes(kv, "next");
      assert.deepEqual([...generations(), generation].toSorted((a, b) => a - b).slice(0, -1), generations());
      assert.equal(generations().at(-1), generation);
    }
  });

  test("A former leader without a write guard is stopped by a newer generation", async () => {
    const isPublishStep = (step: string) => step.startsWith("before ") && !step.includes("state");
    for (let step = 0; ; step++) {
      const kv = await createKvWithHistory();
      const { generations } = recordGenerations(kv);
      const { pause, reached, resume } = createSuspension(step, isPublishStep);
      const former = publishAs("former", createInterruptibleKv(kv, pause), NO_FENCE, 0).catch((error: Error) => error);
      const isSuspended = await Promise.race([reached.then(() => true), former.then(() => false)]);
      if (!isSuspended) return assert.ok(step > 8, `${step} steps`);
      const generation = await publishAs("next", kv, NO_FENCE, 1);
      resume();
      const result = await former;
      const currentGenerations = generations();
      assert.deepEqual(
        currentGenerations,
        currentGenerations.toSorted((a, b) => a - b),
      );
      const { hosts } = await readAllShards(kv, KEYS.publicKey);
      // A leader that was suspended before its first read continues from the other publication.
      const hasContinued = typeof result === "number" && result > generation;
      assert.deepEqual(hosts, buildWriterHosts(hasContinued ? "former" : "next"));
      if (result instanceof Error) assert.ok(isStaleLeaderError(result), result.message);
    }
  });

  test("A stopped former leader reports the newer generation", async () => {
    const kv = await createKvWithHistory();
    const { pause, reached, resume } = createSuspension(0, (step) => step.startsWith("after put shard/"));
    const former = publishAs("former", createInterruptibleKv(kv, pause), NO_FENCE, 0);
    await reached;
    const generation = await publishAs("next", kv, NO_FENCE, 1);
    resume();
    await assert.rejects(former, {
      message: `another controller published generation ${generation}. This sync was aborted`,
    });
  });

  test("A late write of a former leader is overwritten by the next sync", async () => {
    const kv = await createKvWithHistory();
    const snapshot = await readPublishedSnapshot(kv, SIGNER);
    await publishAs("former", kv, NO_FENCE, 0);
    const lateManifest = kv.values.get(CURRENT_KEY) ?? "";
    kv.values.set(CURRENT_KEY, snapshot.currentBytes ?? "");
    const firstResult = await publish(
      buildRules(buildWriterHosts("next")),
      kv,
      SIGNER,
      new Date(NOW.getTime() + HOUR_MS),
    );
    kv.values.set(CURRENT_KEY, lateManifest);
    const { generation, hasChanged } = await publish(
      buildRules(buildWriterHosts("next")),
      kv,
      SIGNER,
      new Date(NOW.getTime() + 2 * HOUR_MS),
      undefined,
      { snapshot: firstResult.snapshot },
    );
    assert.deepEqual([hasChanged, generation], [true, firstResult.generation + 1]);
    assert.deepEqual((await readAllShards(kv, KEYS.publicKey)).hosts, buildWriterHosts("next"));
  });
});

test("The current generation never decreases and is never mixed while two writers interleave in any order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.nat({ max: 30 }), async (scheduler, head) => {
      const kv = new MemoryKv();
      await publishAs("before", kv, NO_FENCE, -1);
      const { generations } = recordGenerations(kv);
      const lease = createLease();
      const snapshots: HostRules[][] = [];
      let steps = 0;
      const start = Promise.withResolvers<void>();
      const pause: KvStepHook = async (step) => {
        if (steps++ === head) start.resolve();
        await scheduler.schedule(Promise.resolve(), step);
        if (step.startsWith("before") || step.includes("get")) return;
        snapshots.push((await readAllShards(kv, KEYS.publicKey).catch(() => ({ hosts: [] }))).hosts);
      };
      const former = publishAs("former", createInterruptibleKv(kv, pause), lease.fenceOf("former"), 0).catch(
        (error: Error) => error,
      );
      const next = Promise.race([start.promise, former]).then(() => {
        lease.holder = "next";
        return publishAs("next", createInterruptibleKv(kv, pause), lease.fenceOf("next"), 1);
      });
      const generation = await scheduler.waitFor(next);
      await scheduler.waitFor(former);
      for (const hosts of snapshots) assert.deepEqual(hosts, buildWriterHosts(findWriter(hosts)));
      assert.deepEqual(
        generations(),
        generations().toSorted((a, b) => a - b),
      );
      assert.equal(new Set(generations()).size, generations().length);
      assert.equal(generations().at(-1), generation);
      await assertServes(kv, "next");
    }),
  );
});

test("A publication that stops at any key leaves a whole generation, and the next sync completes it", async () => {
  for (let writes = 0; ; writes++) {
    const kv = await createKvWithHistory();
    kv.remainingWrites = writes;
    const result = await publishAs("former", kv, NO_FENCE, 0).catch((error: Error) => error.message);
    const isDone = kv.remainingWrites > 0;
    const { hosts } = await readAllShards(kv, KEYS.publicKey);
    assert.deepEqual(hosts, buildWriterHosts(findWriter(hosts)));
    if (typeof result === "string") assert.equal(result, "the connection is gone");
    kv.remainingWrites = Number.POSITIVE_INFINITY;
    await publishAs("next", kv, NO_FENCE, 1);
    await assertServes(kv, "next");
    if (isDone) return assert.ok(writes > 15, `${writes} writes`);
  }
});
