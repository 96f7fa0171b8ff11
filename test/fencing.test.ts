import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CURRENT_KEY } from "../src/rules/keys.ts";
import type { HostRules } from "../src/rules/snapshot.ts";
import type { Kv } from "../sync/cloudflare/kv.ts";
import type { Ingress } from "../sync/collect/cluster.ts";
import { PartlyReadError } from "../sync/publish/blobs.ts";
import { type Fence, NO_FENCE, SupersededError } from "../sync/publish/fence.ts";
import { readHeld } from "../sync/publish/held.ts";
import { readLedger, writeLedger } from "../sync/publish/ledger.ts";
import { publish } from "../sync/publish/publish.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { MemoryKv } from "./support/memory-kv.ts";
import { byName, hostRules, manyHosts, readAll, rulesOf } from "./support/published.ts";
import { type Pause, stepped } from "./support/stepped-kv.ts";

const keys = generateKeys();
const signer = signerOf(keys.privateKey);
const NOW = new Date("2026-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;
const KIB = 1024;

/** Hosts in several shards, of which every writer changes one and adds one. */
function hostsOf(writer: string): HostRules[] {
  return byName([
    ...manyHosts(6, 10 * KIB),
    hostRules("changed.example.com", writer, 10 * KIB),
    hostRules(`${writer}.example.com`, writer, 10 * KIB),
  ]);
}

function writerOf(hosts: readonly HostRules[]): string {
  const names = hosts.map(({ host }) => host.replace(".example.com", ""));
  return names.find((name) => ["earlier", "before", "former", "next"].includes(name)) ?? "nobody";
}

function ingressesOf(writer: string): Ingress[] {
  const annotations = { "edgress.dev/app-root": `/${writer}` };
  const rest = { source: "in.yaml:1", created: undefined, className: "edgress", defaultBackend: undefined };
  return ["one", "two"].map((name) => ({ namespace: "default", name, annotations, ...rest, tls: [], rules: [] }));
}

/** All that a sync job does with KV in its first round after it has become the leader. */
async function round(writer: string, kv: Kv, fence: Fence, hours: number): Promise<number> {
  const before = await readLedger(kv, signer);
  const held = await readHeld(kv, signer);
  const ledger = { cluster: "6e1b7d1c", quarantined: {}, ingresses: ingressesOf(writer) };
  await writeLedger(kv, signer, before, ledger, fence);
  const now = new Date(NOW.getTime() + hours * HOUR_MS);
  return (await publish(rulesOf(hostsOf(writer)), kv, signer, now, undefined, { fence, held })).generation;
}

/** A Lease that one of the two holds. */
function lease(): { holder: string; fenceOf: (name: string) => Fence } {
  const held = {
    holder: "former",
    fenceOf: (name: string) => ({
      check() {
        if (held.holder !== name) throw new Error(`the Lease is ${held.holder}'s`);
      },
    }),
  };
  return held;
}

/** Each generation that came into force, in order. */
function inForce(kv: MemoryKv): { generations: () => number[] } {
  const seen: number[] = [];
  const put = kv.put.bind(kv);
  kv.put = async (entries) => {
    await put(entries);
    const current = entries.find(({ key }) => key === CURRENT_KEY);
    if (current) seen.push(JSON.parse(JSON.parse(current.value).manifest).generation);
  };
  return { generations: () => seen };
}

/** A pause that comes at one step, counted from 0, and lasts until it is let go. */
function suspension(at: number, counts: (step: string) => boolean) {
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  let left = at;
  const pause: Pause = async (step) => {
    if (!counts(step) || left-- !== 0) return;
    reached.resolve();
    await resumed.promise;
  };
  return { pause, reached: reached.promise, resume: resumed.resolve };
}

async function assertServes(kv: Kv, writer: string): Promise<void> {
  assert.deepEqual((await readAll(kv, keys.publicKey)).hosts, hostsOf(writer));
  const { ingresses } = await readLedger(kv, signer);
  assert.deepEqual(
    ingresses.map(({ annotations }) => annotations["edgress.dev/app-root"]),
    [`/${writer}`, `/${writer}`],
  );
}

/** By the Lease, by the other's generation, or while reading what the other has replaced by now. */
function isStopped(error: Error): boolean {
  const own = error instanceof SupersededError || error instanceof PartlyReadError;
  return own || error.message === "the Lease is next's";
}

/** History that the former leader's round trims, so that its removals are among the steps. */
async function withHistory(): Promise<MemoryKv> {
  const kv = new MemoryKv();
  for (let turn = -19; turn < 0; turn++) await round(turn % 2 ? "before" : "earlier", kv, NO_FENCE, 2 * turn);
  return kv;
}

describe("a former leader that wakes up", () => {
  test("at whatever step it was suspended writes nothing more once another has taken the Lease", async () => {
    for (let step = 0; ; step++) {
      const kv = await withHistory();
      const { generations } = inForce(kv);
      const held = lease();
      const { pause, reached, resume } = suspension(step, () => true);
      const former = round("former", stepped(kv, pause), held.fenceOf("former"), 0).catch((error: Error) => error);
      const isSuspended = await Promise.race([reached.then(() => true), former.then(() => false)]);
      if (!isSuspended) return assert.ok(step > 30, `${step} steps`);
      held.holder = "next";
      const generation = await round("next", kv, held.fenceOf("next"), 1);
      const written = kv.written.length;
      resume();
      const ended = await former;
      assert.equal(kv.written.length, written);
      if (ended instanceof Error) assert.ok(isStopped(ended), ended.message);
      await assertServes(kv, "next");
      assert.deepEqual([...generations(), generation].toSorted((a, b) => a - b).slice(0, -1), generations());
      assert.equal(generations().at(-1), generation);
    }
  });

  test("is stopped by the generation alone, whatever it takes the Lease for", async () => {
    const publishing = (step: string) => step.startsWith("before ") && !step.includes("ledger");
    for (let step = 0; ; step++) {
      const kv = await withHistory();
      const { generations } = inForce(kv);
      const { pause, reached, resume } = suspension(step, publishing);
      const former = round("former", stepped(kv, pause), NO_FENCE, 0).catch((error: Error) => error);
      const isSuspended = await Promise.race([reached.then(() => true), former.then(() => false)]);
      if (!isSuspended) return assert.ok(step > 8, `${step} steps`);
      const generation = await round("next", kv, NO_FENCE, 1);
      resume();
      const ended = await former;
      const counted = generations();
      assert.deepEqual(
        counted,
        counted.toSorted((a, b) => a - b),
      );
      const serves = (await readAll(kv, keys.publicKey)).hosts;
      // Suspended before it read anything, it goes on from what the other has published.
      const wentOn = typeof ended === "number" && ended > generation;
      assert.deepEqual(serves, hostsOf(wentOn ? "former" : "next"));
      if (ended instanceof Error) assert.ok(isStopped(ended), ended.message);
    }
  });

  test("says whose generation it found", async () => {
    const kv = await withHistory();
    const { pause, reached, resume } = suspension(0, (step) => step.startsWith("after put shard/"));
    const former = round("former", stepped(kv, pause), NO_FENCE, 0);
    await reached;
    const generation = await round("next", kv, NO_FENCE, 1);
    resume();
    await assert.rejects(former, {
      message: `another sync job has published generation ${generation}; this one writes nothing more of its round`,
    });
  });

  test("whose last write was under way and comes late is written over in the next round", async () => {
    const kv = await withHistory();
    const held = await readHeld(kv, signer);
    await round("former", kv, NO_FENCE, 0);
    const late = kv.values.get(CURRENT_KEY) ?? "";
    kv.values.set(CURRENT_KEY, held.bytes ?? "");
    const published = await publish(rulesOf(hostsOf("next")), kv, signer, new Date(NOW.getTime() + HOUR_MS));
    kv.values.set(CURRENT_KEY, late);
    const { generation, changed } = await publish(
      rulesOf(hostsOf("next")),
      kv,
      signer,
      new Date(NOW.getTime() + 2 * HOUR_MS),
      undefined,
      { held: published.held },
    );
    assert.deepEqual([changed, generation], [true, published.generation + 1]);
    assert.deepEqual((await readAll(kv, keys.publicKey)).hosts, hostsOf("next"));
  });
});

test("two writers, step by step in any order: the generation in force never goes back and is never a mix", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.nat({ max: 30 }), async (scheduler, head) => {
      const kv = new MemoryKv();
      await round("before", kv, NO_FENCE, -1);
      const { generations } = inForce(kv);
      const held = lease();
      const seen: HostRules[][] = [];
      let steps = 0;
      const start = Promise.withResolvers<void>();
      const pause: Pause = async (step) => {
        if (steps++ === head) start.resolve();
        await scheduler.schedule(Promise.resolve(), step);
        if (step.startsWith("before") || step.includes("get")) return;
        seen.push((await readAll(kv, keys.publicKey).catch(() => ({ hosts: [] }))).hosts);
      };
      const former = round("former", stepped(kv, pause), held.fenceOf("former"), 0).catch((error: Error) => error);
      const next = Promise.race([start.promise, former]).then(() => {
        held.holder = "next";
        return round("next", stepped(kv, pause), held.fenceOf("next"), 1);
      });
      const generation = await scheduler.waitFor(next);
      await scheduler.waitFor(former);
      for (const hosts of seen) assert.deepEqual(hosts, hostsOf(writerOf(hosts)));
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
    const kv = await withHistory();
    kv.left = writes;
    const ended = await round("former", kv, NO_FENCE, 0).catch((error: Error) => error.message);
    const isDone = kv.left > 0;
    const { hosts } = await readAll(kv, keys.publicKey);
    assert.deepEqual(hosts, hostsOf(writerOf(hosts)));
    if (typeof ended === "string") assert.equal(ended, "the connection is gone");
    kv.left = Number.POSITIVE_INFINITY;
    await round("next", kv, NO_FENCE, 1);
    await assertServes(kv, "next");
    if (isDone) return assert.ok(writes > 15, `${writes} writes`);
  }
});
