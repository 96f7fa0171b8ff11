import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY, generationKey, SHARD_PREFIX } from "../../src/rules/kv-keys.ts";
import type { Rules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { PartialReadError } from "../../sync/publish/blobs.ts";
import { PublishConflictError } from "../../sync/publish/guard/write-fence.ts";
import { publish } from "../../sync/publish/publish.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { createInterruptibleKv } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { buildHostRules, buildRules, generateHosts, readAllShards, sortByHost } from "../support/published.ts";

const keys = generateSigningKeys();
const signer = createSigner(keys.privateKey);
const NOW = new Date("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;
const KIB = 1024;
const MIB = 1024 * KIB;

function addMinutes(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

/** Rules of which one host is another every turn, in shards enough that most stay as they are. */
function buildTurnRules(turn: number): Rules {
  return buildRules([...generateHosts(20, 8 * KIB), buildHostRules("turn.example.com", `turn-${turn}`, 8 * KIB)]);
}

/** Publishes turns 1 to `last`, so that each has the generation of its number. */
async function publishTurns(kv: Kv, last: number): Promise<PublishedSnapshot> {
  let snapshot: PublishedSnapshot = await readPublishedSnapshot(kv, signer);
  for (let turn = 1; turn <= last; turn++) {
    snapshot = (await publish(buildTurnRules(turn), kv, signer, addMinutes(60 * turn), undefined, { snapshot }))
      .snapshot;
  }
  return snapshot;
}

async function readServedRules(kv: Kv) {
  return readAllShards(kv, keys.publicKey);
}

async function expectPartialRead(kv: Kv): Promise<PartialReadError<PublishedSnapshot>> {
  return readPublishedSnapshot(kv, signer).then(
    () => assert.fail(),
    (error: PartialReadError<PublishedSnapshot>) => (error instanceof PartialReadError ? error : assert.fail()),
  );
}

describe("what is published", () => {
  test("is nothing where nothing is", async () => {
    const emptySnapshot = {
      manifest: undefined,
      currentBytes: undefined,
      highestGeneration: 0,
      hosts: [],
      missingShards: [],
    };
    assert.deepEqual(await readPublishedSnapshot(new MemoryKv(), signer), emptySnapshot);
  });

  test("is read whole: the manifest and every host", async () => {
    const kv = new MemoryKv();
    const { snapshot, digest } = await publish(buildTurnRules(1), kv, signer, NOW);
    const published = await readPublishedSnapshot(kv, signer);
    assert.deepEqual(
      [published.manifest?.generation, published.manifest?.digest, published.highestGeneration],
      [1, digest, 1],
    );
    assert.deepEqual(sortByHost(published.hosts), sortByHost(buildTurnRules(1).hosts));
    assert.deepEqual(sortByHost(published.hosts), sortByHost(snapshot.hosts));
    assert.equal(published.currentBytes, snapshot.currentBytes);
  });

  test("serves the next publication instead of a second read", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 3);
    const steps: string[] = [];
    const watchedKv = createInterruptibleKv(kv, (step) => void steps.push(step));
    const { hasChanged, snapshot: unchangedSnapshot } = await publish(
      buildTurnRules(3),
      watchedKv,
      signer,
      addMinutes(200),
      undefined,
      { snapshot },
    );
    assert.deepEqual([hasChanged, steps], [false, ["before get current", "after get current"]]);
    assert.equal(unchangedSnapshot.manifest, snapshot.manifest);
    assert.deepEqual(unchangedSnapshot.currentBytes, (await readPublishedSnapshot(kv, signer)).currentBytes);
  });

  test("is the newest generation in history where the current manifest is gone or garbage", async () => {
    for (const bytes of [undefined, "{"]) {
      const kv = new MemoryKv();
      await publishTurns(kv, 3);
      if (bytes === undefined) kv.values.delete(CURRENT_KEY);
      else kv.values.set(CURRENT_KEY, bytes);
      const snapshot = await readPublishedSnapshot(kv, signer);
      assert.deepEqual(
        [snapshot.manifest?.generation, snapshot.highestGeneration, snapshot.currentBytes],
        [3, 3, bytes],
      );
      assert.deepEqual(sortByHost(snapshot.hosts), sortByHost(buildTurnRules(3).hosts));
      const { generation } = await publish(buildTurnRules(3), kv, signer, addMinutes(300), undefined, { snapshot });
      assert.equal(generation, 4);
      assert.equal((await readServedRules(kv)).manifest.generation, 4);
    }
  });

  test("is nothing that another key has signed", async () => {
    const kv = new MemoryKv();
    await publish(buildTurnRules(1), kv, createSigner(generateSigningKeys().privateKey), NOW);
    const { manifest, hosts, highestGeneration } = await readPublishedSnapshot(kv, signer);
    assert.deepEqual([manifest, hosts, highestGeneration], [undefined, [], 1]);
  });
});

describe("incident: nothing changed", () => {
  test("zero writes, in this process and in the next", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 2);
    kv.remainingWrites = 0;
    for (const lastSnapshot of [snapshot, await readPublishedSnapshot(kv, signer), undefined]) {
      const { hasChanged, writes } = await publish(
        structuredClone(buildTurnRules(2)),
        kv,
        signer,
        addMinutes(500),
        undefined,
        {
          snapshot: lastSnapshot,
        },
      );
      assert.deepEqual([hasChanged, writes], [false, 0]);
    }
  });
});

describe("incident: killed between the blobs and the pointer", () => {
  test("the next publication comes after the one that was cut short", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 2);
    const interruptedKv = createInterruptibleKv(kv, (step) => {
      if (step === "after put generation/3") throw new Error("killed");
    });
    await assert.rejects(publish(buildTurnRules(3), interruptedKv, signer, addMinutes(200), undefined, { snapshot }), {
      message: "killed",
    });
    assert.equal((await readServedRules(kv)).manifest.generation, 2);
    const nextResult = await publish(buildTurnRules(3), kv, signer, addMinutes(201), undefined, {
      snapshot: await readPublishedSnapshot(kv, signer),
    });
    assert.equal(nextResult.generation, 4);
    assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildTurnRules(3).hosts));
  });
});

describe("incident: the size of a snapshot", () => {
  const withHost = (bytes: number) =>
    buildRules([buildHostRules("large.example.com", "a", bytes), buildHostRules("b.example.com", "b")]);

  test("one that is twice as large as yesterday is published", async () => {
    const kv = new MemoryKv();
    const { snapshot } = await publish(buildRules(generateHosts(200, 8 * KIB)), kv, signer, NOW);
    const doubledRules = buildRules(generateHosts(400, 8 * KIB));
    const { warnings } = await publish(doubledRules, kv, signer, addMinutes(1), undefined, { snapshot });
    assert.deepEqual(warnings, []);
    assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(doubledRules.hosts));
  });

  test("one with 0 rules leaves a whole generation without hosts", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 1);
    await publish(buildRules([]), kv, signer, addMinutes(100), undefined, { snapshot });
    assert.deepEqual((await readPublishedSnapshot(kv, signer)).hosts, []);
  });

  test("a value of 24.9 MiB is refused before anything is written", async () => {
    const kv = new MemoryKv();
    const firstResult = await publish(withHost(0), kv, signer, NOW);
    kv.remainingWrites = 0;
    await assert.rejects(publish(withHost(24.9 * MIB - 400), kv, signer, addMinutes(1)), {
      message:
        "nothing was published: the rules of host large.example.com: " +
        "24.9 of at most 24.0 MiB. Remove paths from the host",
    });
    assert.deepEqual((await readPublishedSnapshot(kv, signer)).manifest, firstResult.snapshot.manifest);
  });

  test("one of more than 70 % of what may be written is published with a warning", async () => {
    const { warnings, hasChanged } = await publish(withHost(17 * MIB - 400), new MemoryKv(), signer, NOW);
    assert.deepEqual(warnings, [
      "the rules of host large.example.com: 17.0 of at most 24.0 MiB. Remove paths from the host",
    ]);
    assert.equal(hasChanged, true);
  });

  test("a manifest that is too large is refused", async () => {
    const zones = Array.from({ length: 50_000 }, (_, index) => `zone-${index}.example.com`);
    await assert.rejects(publish({ zones, hosts: [] }, new MemoryKv(), signer, NOW), {
      message: "nothing was published: the manifest: 1.3 of at most 1.0 MiB. Use fewer zones in this account",
    });
  });
});

describe("incident: KV, as the one who writes sees it", () => {
  test("a 503 at any step leaves a whole generation, and the next try goes through", async () => {
    for (let step = 0; ; step++) {
      const kv = new MemoryKv();
      const snapshot = await publishTurns(kv, 2);
      let remainingSteps = step;
      const failingKv = createInterruptibleKv(kv, () => {
        if (remainingSteps-- === 0) throw new Error("503");
      });
      await publish(buildTurnRules(3), failingKv, signer, addMinutes(200), undefined, { snapshot }).catch(
        ({ message }: Error) => assert.equal(message, "503"),
      );
      const { hosts, manifest } = await readServedRules(kv);
      assert.deepEqual(hosts, sortByHost(buildTurnRules(manifest.generation === 2 ? 2 : 3).hosts));
      const latestSnapshot = await readPublishedSnapshot(kv, signer);
      await publish(buildTurnRules(4), kv, signer, addMinutes(201), undefined, { snapshot: latestSnapshot });
      assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildTurnRules(4).hosts));
      if (remainingSteps >= 0) return assert.ok(step > 10);
    }
  });

  for (const [what, spoil, problem] of [
    ["is missing", (kv: MemoryKv, key: string) => kv.values.delete(key), "is not in KV"],
    ["has a wrong digest", (kv: MemoryKv, key: string) => kv.values.set(key, "{}"), "does not match its digest"],
  ] as const) {
    test(`a shard that ${what} is named, and written anew after what could be read`, async () => {
      const kv = new MemoryKv();
      await publishTurns(kv, 2);
      const [key = ""] =
        (await readPublishedSnapshot(kv, signer)).manifest?.shards.map((digest) => `${SHARD_PREFIX}${digest}`) ?? [];
      spoil(kv, key);
      const { message, partialResult } = await expectPartialRead(kv);
      assert.equal(message, `generation 2 in KV is incomplete: shard ${key.slice(SHARD_PREFIX.length)} ${problem}`);
      assert.ok(partialResult.hosts.length > 0 && partialResult.hosts.length < 21);
      const { hasChanged } = await publish(buildTurnRules(2), kv, signer, addMinutes(200), undefined, {
        snapshot: partialResult,
      });
      assert.equal(hasChanged, true);
      assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildTurnRules(2).hosts));
    });
  }

  test("shards that cannot be had are counted", async () => {
    const kv = new MemoryKv();
    await publishTurns(kv, 1);
    for (const key of await kv.list(SHARD_PREFIX)) kv.values.delete(key);
    assert.match(
      (await expectPartialRead(kv)).message,
      /^generation 1 in KV is incomplete: shard [0-9a-f]{64} is not in KV, and 3 more$/,
    );
  });

  test("a pointer that is stale for a minute is no reason to write, and none not to", async () => {
    const kv = new MemoryKv();
    await publishTurns(kv, 2);
    const staleBytes = kv.values.get(CURRENT_KEY);
    const { snapshot } = await publish(buildTurnRules(3), kv, signer, addMinutes(200), undefined, {
      snapshot: await readPublishedSnapshot(kv, signer),
    });
    const staleKv: Kv = { ...createInterruptibleKv(kv, () => {}), get: async () => staleBytes };
    const unchangedResult = await publish(buildTurnRules(3), staleKv, signer, addMinutes(201), undefined, { snapshot });
    assert.deepEqual(
      [unchangedResult.hasChanged, unchangedResult.generation, unchangedResult.snapshot.currentBytes],
      [false, 3, snapshot.currentBytes],
    );
    const nextResult = await publish(buildTurnRules(4), staleKv, signer, addMinutes(201), undefined, { snapshot });
    assert.deepEqual([nextResult.hasChanged, nextResult.generation], [true, 4]);
    assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildTurnRules(4).hosts));
  });

  for (const [what, getBytes] of [
    ["an older generation", (kv: MemoryKv) => kv.values.get(generationKey(1))],
    ["garbage", () => "{"],
    ["nothing", () => undefined],
  ] as const) {
    test(`a pointer that was overwritten with ${what} is healed with a higher number, known or not`, async () => {
      for (const isKnown of [true, false]) {
        const kv = new MemoryKv();
        const snapshot = await publishTurns(kv, 3);
        const bytes = getBytes(kv);
        if (bytes === undefined) kv.values.delete(CURRENT_KEY);
        else kv.values.set(CURRENT_KEY, bytes);
        const lastSnapshot = isKnown ? snapshot : await readPublishedSnapshot(kv, signer);
        const healedResult = await publish(buildTurnRules(3), kv, signer, addMinutes(400), undefined, {
          snapshot: lastSnapshot,
        });
        assert.deepEqual([healedResult.hasChanged, healedResult.generation], [true, 4]);
        const { manifest, hosts } = await readServedRules(kv);
        assert.deepEqual([manifest.generation, hosts], [4, sortByHost(buildTurnRules(3).hosts)]);
      }
    });
  }

  test("a pointer that was overwritten with a generation that is out of history is healed, by whoever comes", async () => {
    for (const readSnapshot of [readPublishedSnapshot, async () => undefined]) {
      const kv = new MemoryKv();
      await publishTurns(kv, 1);
      const firstBytes = kv.values.get(CURRENT_KEY) ?? "";
      await publishTurns(kv, 39);
      assert.equal(kv.values.get(generationKey(1)), undefined);
      kv.values.set(CURRENT_KEY, firstBytes);
      await assert.rejects(readServedRules(kv));
      await publish(buildTurnRules(39), kv, signer, addMinutes(9000), undefined, {
        snapshot: await readSnapshot(kv, signer),
      });
      assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildTurnRules(39).hosts));
    }
  });

  test("a pointer that another has moved on since the rules were judged ends the publication before it writes", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 2);
    await publish(buildTurnRules(9), kv, signer, addMinutes(200));
    kv.remainingWrites = 0;
    await assert.rejects(
      publish(buildTurnRules(3), kv, signer, addMinutes(201), undefined, { snapshot }),
      (error: Error) => {
        assert.ok(error instanceof PublishConflictError);
        const message = "another controller published generation 3. This sync was aborted";
        assert.equal(error.message, message);
        return true;
      },
    );
  });
});
