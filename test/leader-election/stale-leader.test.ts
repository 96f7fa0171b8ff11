import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import type { Ingress } from "../../sync/collect/cluster-model.ts";
import { PartialReadError } from "../../sync/publish/blobs.ts";
import { NO_FENCE, PublishConflictError, type WriteFence } from "../../sync/publish/guard/write-fence.ts";
import { publish } from "../../sync/publish/publish.ts";
import { readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { readState, writeState } from "../../sync/publish/state/state.ts";
import { createInterruptibleKv, type KvStepHook } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { buildHostRules, buildRules, generateHosts, readAllShards, sortByHost } from "../support/published.ts";

const keys = generateSigningKeys();
const signer = createSigner(keys.privateKey);
const NOW = new Date("2026-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;
const KIB = 1024;

/** Hosts in several shards, of which every writer changes one and adds one. */
function buildWriterHosts(writer: string): HostRules[] {
  return sortByHost([
    ...generateHosts(6, 10 * KIB),
    buildHostRules("changed.example.com", writer, 10 * KIB),
    buildHostRules(`${writer}.example.com`, writer, 10 * KIB),
  ]);
}

function findWriter(hosts: readonly HostRules[]): string {
  const names = hosts.map(({ host }) => host.replace(".example.com", ""));
  return names.find((name) => ["earlier", "before", "former", "next"].includes(name)) ?? "nobody";
}

function buildWriterIngresses(writer: string): Ingress[] {
  const annotations = { "edgress.dev/app-root": `/${writer}` };
  const rest = { source: "in.yaml:1", created: undefined, className: "edgress", defaultBackend: undefined };
  return ["one", "two"].map((name) => ({ namespace: "default", name, annotations, ...rest, tls: [], rules: [] }));
}

/** All that a sync job does with KV in its first round after it has become the leader. */
async function publishAs(writer: string, kv: Kv, fence: WriteFence, hours: number): Promise<number> {
  const before = await readState(kv, signer);
  const snapshot = await readPublishedSnapshot(kv, signer);
  const state = { cluster: "6e1b7d1c", brokenSince: {}, ingresses: buildWriterIngresses(writer) };
  await writeState(kv, signer, before, state, fence);
  const now = new Date(NOW.getTime() + hours * HOUR_MS);
  return (await publish(buildRules(buildWriterHosts(writer)), kv, signer, now, undefined, { fence, snapshot }))
    .generation;
}

/** A Lease that one of the two holds. */
function createLease(): { holder: string; fenceOf: (name: string) => WriteFence } {
  const lease = {
    holder: "former",
    fenceOf: (name: string) => ({
      check() {
        if (lease.holder !== name) throw new Error(`the Lease is ${lease.holder}'s`);
      },
    }),
  };
  return lease;
}

/** Each generation that came into force, in order. */
function recordGenerations(kv: MemoryKv): { generations: () => number[] } {
  const generations: number[] = [];
  const put = kv.put.bind(kv);
  kv.put = async (entries) => {
    await put(entries);
    const current = entries.find(({ key }) => key === CURRENT_KEY);
    if (current) generations.push(JSON.parse(JSON.parse(current.value).manifest).generation);
  };
  return { generations: () => generations };
}

/** A pause that comes at one step, counted from 0, and lasts until it is let go. */
function createSuspension(at: number, counts: (step: string) => boolean) {
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  let remaining = at;
  const pause: KvStepHook = async (step) => {
    if (!counts(step) || remaining-- !== 0) return;
    reached.resolve();
    await resumed.promise;
  };
  return { pause, reached: reached.promise, resume: resumed.resolve };
}

async function assertServes(kv: Kv, writer: string): Promise<void> {
  assert.deepEqual((await readAllShards(kv, keys.publicKey)).hosts, buildWriterHosts(writer));
  const { ingresses } = await readState(kv, signer);
  assert.deepEqual(
    ingresses.map(({ annotations }) => annotations["edgress.dev/app-root"]),
    [`/${writer}`, `/${writer}`],
  );
}

/** By the Lease, by the other's generation, or while reading what the other has replaced by now. */
function isStaleLeaderError(error: Error): boolean {
  const isConflict = error instanceof PublishConflictError || error instanceof PartialReadError;
  return isConflict || error.message === "the Lease is next's";
}

/** History that the former leader's round trims, so that its removals are among the steps. */
async function createKvWithHistory(): Promise<MemoryKv> {
  const kv = new MemoryKv();
  for (let turn = -19; turn < 0; turn++) await publishAs(turn % 2 ? "before" : "earlier", kv, NO_FENCE, 2 * turn);
  return kv;
}

describe("a former leader that wakes up", () => {
  test("at whatever step it was suspended writes nothing more once another has taken the Lease", async () => {
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
      const written = kv.writtenKeys.length;
      resume();
      const result = await former;
      assert.equal(kv.writtenKeys.length, written);
      if (result instanceof Error) assert.ok(isStaleLeaderError(result), result.message);
      await assertServes(kv, "next");
      assert.deepEqual([...generations(), generation].toSorted((a, b) => a - b).slice(0, -1), generations());
      assert.equal(generations().at(-1), generation);
    }
  });

  test("is stopped by the generation alone, whatever it takes the Lease for", async () => {
    const publishing = (step: string) => step.startsWith("before ") && !step.includes("state");
    for (let step = 0; ; step++) {
      const kv = await createKvWithHistory();
      const { generations } = recordGenerations(kv);
      const { pause, reached, resume } = createSuspension(step, publishing);
      const former = publishAs("former", createInterruptibleKv(kv, pause), NO_FENCE, 0).catch((error: Error) => error);
      const isSuspended = await Promise.race([reached.then(() => true), former.then(() => false)]);
      if (!isSuspended) return assert.ok(step > 8, `${step} steps`);
      const generation = await publishAs("next", kv, NO_FENCE, 1);
      resume();
      const result = await former;
      const counted = generations();
      assert.deepEqual(
        counted,
        counted.toSorted((a, b) => a - b),
      );
      const serves = (await readAllShards(kv, keys.publicKey)).hosts;
      // Suspended before it read anything, it goes on from what the other has published.
      const wentOn = typeof result === "number" && result > generation;
      assert.deepEqual(serves, buildWriterHosts(wentOn ? "former" : "next"));
      if (result instanceof Error) assert.ok(isStaleLeaderError(result), result.message);
    }
  });

  test("says whose generation it found", async () => {
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

  test("whose last write was under way and comes late is written over in the next round", async () => {
    const kv = await createKvWithHistory();
    const snapshot = await readPublishedSnapshot(kv, signer);
    await publishAs("former", kv, NO_FENCE, 0);
    const late = kv.values.get(CURRENT_KEY) ?? "";
    kv.values.set(CURRENT_KEY, snapshot.currentBytes ?? "");
    const published = await publish(
      buildRules(buildWriterHosts("next")),
      kv,
      signer,
      new Date(NOW.getTime() + HOUR_MS),
    );
    kv.values.set(CURRENT_KEY, late);
    const { generation, hasChanged } = await publish(
      buildRules(buildWriterHosts("next")),
      kv,
      signer,
      new Date(NOW.getTime() + 2 * HOUR_MS),
      undefined,
      { snapshot: published.snapshot },
    );
    assert.deepEqual([hasChanged, generation], [true, published.generation + 1]);
    assert.deepEqual((await readAllShards(kv, keys.publicKey)).hosts, buildWriterHosts("next"));
  });
});

test("two writers, step by step in any order: the generation in force never goes back and is never a mix", async () => {
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
        snapshots.push((await readAllShards(kv, keys.publicKey).catch(() => ({ hosts: [] }))).hosts);
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

test("cut short at every key, ledger and all, it leaves a whole generation, and the next round puts all right", async () => {
  for (let writes = 0; ; writes++) {
    const kv = await createKvWithHistory();
    kv.remainingWrites = writes;
    const result = await publishAs("former", kv, NO_FENCE, 0).catch((error: Error) => error.message);
    const isDone = kv.remainingWrites > 0;
    const { hosts } = await readAllShards(kv, keys.publicKey);
    assert.deepEqual(hosts, buildWriterHosts(findWriter(hosts)));
    if (typeof result === "string") assert.equal(result, "the connection is gone");
    kv.remainingWrites = Number.POSITIVE_INFINITY;
    await publishAs("next", kv, NO_FENCE, 1);
    await assertServes(kv, "next");
    if (isDone) return assert.ok(writes > 15, `${writes} writes`);
  }
});
