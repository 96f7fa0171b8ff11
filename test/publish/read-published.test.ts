import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { publish } from "../../sync/publish/publish.ts";
import { readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { createInterruptibleKv } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { addMinutes, buildManyShardRules, publishTurns, readServedRules } from "../support/publish/published-turns.ts";
import { buildHostRules, buildRules, generateHosts, sortByHost } from "../support/publish/sample-rules.ts";
import { NOW, SIGNER } from "../support/publish/signing.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

describe("reading the published snapshot", () => {
  test("The snapshot of an empty KV is empty", async () => {
    const emptySnapshot = {
      manifest: undefined,
      currentBytes: undefined,
      highestGeneration: 0,
      hosts: [],
      missingShards: [],
    };
    assert.deepEqual(await readPublishedSnapshot(new MemoryKv(), SIGNER), emptySnapshot);
  });

  test("The snapshot has the manifest and every host", async () => {
    const kv = new MemoryKv();
    const { snapshot, digest } = await publish(buildManyShardRules(1), kv, SIGNER, NOW);
    const published = await readPublishedSnapshot(kv, SIGNER);
    assert.deepEqual(
      [published.manifest?.generation, published.manifest?.digest, published.highestGeneration],
      [1, digest, 1],
    );
    assert.deepEqual(sortByHost(published.hosts), sortByHost(buildManyShardRules(1).hosts));
    assert.deepEqual(sortByHost(published.hosts), sortByHost(snapshot.hosts));
    assert.equal(published.currentBytes, snapshot.currentBytes);
  });

  test("The next publication uses the snapshot instead of a second read", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 3);
    const steps: string[] = [];
    const watchedKv = createInterruptibleKv(kv, (step) => void steps.push(step));
    const { hasChanged, snapshot: unchangedSnapshot } = await publish(
      buildManyShardRules(3),
      watchedKv,
      SIGNER,
      addMinutes(200),
      undefined,
      { snapshot },
    );
    assert.deepEqual([hasChanged, steps], [false, ["before get current", "after get current"]]);
    assert.equal(unchangedSnapshot.manifest, snapshot.manifest);
    assert.deepEqual(unchangedSnapshot.currentBytes, (await readPublishedSnapshot(kv, SIGNER)).currentBytes);
  });

  test("The snapshot is the newest generation in the history if the current manifest is missing or not JSON", async () => {
    for (const bytes of [undefined, "{"]) {
      const kv = new MemoryKv();
      await publishTurns(kv, 3);
      if (bytes === undefined) kv.values.delete(CURRENT_KEY);
      else kv.values.set(CURRENT_KEY, bytes);
      const snapshot = await readPublishedSnapshot(kv, SIGNER);
      assert.deepEqual(
        [snapshot.manifest?.generation, snapshot.highestGeneration, snapshot.currentBytes],
        [3, 3, bytes],
      );
      assert.deepEqual(sortByHost(snapshot.hosts), sortByHost(buildManyShardRules(3).hosts));
      const { generation } = await publish(buildManyShardRules(3), kv, SIGNER, addMinutes(300), undefined, {
        snapshot,
      });
      assert.equal(generation, 4);
      assert.equal((await readServedRules(kv)).manifest.generation, 4);
    }
  });

  test("A manifest with the signature of another key is not read", async () => {
    const kv = new MemoryKv();
    await publish(buildManyShardRules(1), kv, createSigner(generateSigningKeys().privateKey), NOW);
    const { manifest, hosts, highestGeneration } = await readPublishedSnapshot(kv, SIGNER);
    assert.deepEqual([manifest, hosts, highestGeneration], [undefined, [], 1]);
  });
});

describe("incident: nothing changed", () => {
  test("Unchanged rules cause no write, in this process and in the next", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 2);
    kv.remainingWrites = 0;
    for (const lastSnapshot of [snapshot, await readPublishedSnapshot(kv, SIGNER), undefined]) {
      const { hasChanged, writes } = await publish(
        structuredClone(buildManyShardRules(2)),
        kv,
        SIGNER,
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
  test("The generation of an interrupted publication is not used again", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 2);
    const interruptedKv = createInterruptibleKv(kv, (step) => {
      if (step === "after put generation/3") throw new Error("killed");
    });
    await assert.rejects(
      publish(buildManyShardRules(3), interruptedKv, SIGNER, addMinutes(200), undefined, { snapshot }),
      {
        message: "killed",
      },
    );
    assert.equal((await readServedRules(kv)).manifest.generation, 2);
    const nextResult = await publish(buildManyShardRules(3), kv, SIGNER, addMinutes(201), undefined, {
      snapshot: await readPublishedSnapshot(kv, SIGNER),
    });
    assert.equal(nextResult.generation, 4);
    assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(buildManyShardRules(3).hosts));
  });
});

describe("incident: the size of a snapshot", () => {
  const withHost = (bytes: number) =>
    buildRules([buildHostRules("large.example.com", "a", bytes), buildHostRules("b.example.com", "b")]);

  test("A snapshot of twice the size is published without a warning", async () => {
    const kv = new MemoryKv();
    const { snapshot } = await publish(buildRules(generateHosts(200, 8 * KIB)), kv, SIGNER, NOW);
    const doubledRules = buildRules(generateHosts(400, 8 * KIB));
    const { warnings } = await publish(doubledRules, kv, SIGNER, addMinutes(1), undefined, { snapshot });
    assert.deepEqual(warnings, []);
    assert.deepEqual((await readServedRules(kv)).hosts, sortByHost(doubledRules.hosts));
  });

  test("A snapshot without rules is published as a generation without hosts", async () => {
    const kv = new MemoryKv();
    const snapshot = await publishTurns(kv, 1);
    await publish(buildRules([]), kv, SIGNER, addMinutes(100), undefined, { snapshot });
    assert.deepEqual((await readPublishedSnapshot(kv, SIGNER)).hosts, []);
  });

  test("A host with 70 % of the size limit is published with a warning", async () => {
    const { warnings, hasChanged } = await publish(withHost(1.5 * MIB - 400), new MemoryKv(), SIGNER, NOW);
    assert.deepEqual(warnings, [
      "the rules of host large.example.com: 1.5 of at most 2.0 MiB. Remove paths from the host",
    ]);
    assert.equal(hasChanged, true);
  });

  test("The paths of a host with 24.9 MiB of rules are dropped, and other hosts are published", async () => {
    const kv = new MemoryKv();
    const { closedIngresses } = await publish(withHost(24.9 * MIB - 400), kv, SIGNER, NOW);
    assert.deepEqual(
      closedIngresses.map(({ host }) => host),
      ["large.example.com"],
    );
    const { hosts } = await readServedRules(kv);
    assert.deepEqual(
      hosts.map(({ host, routes }) => [host, routes.length]),
      [
        ["b.example.com", 1],
        ["large.example.com", 0],
      ],
    );
  });

  test("A manifest over the size limit is rejected", async () => {
    const zones = Array.from({ length: 50_000 }, (_, index) => `zone-${index}.example.com`);
    await assert.rejects(publish({ zones, hosts: [] }, new MemoryKv(), SIGNER, NOW), {
      message: "nothing was published: the manifest: 1.3 of at most 1.0 MiB. Use fewer zones in this account",
    });
  });
});
