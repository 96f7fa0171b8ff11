import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { CURRENT_KEY, GENERATION_PREFIX, generationKey, SHARD_PREFIX } from "../../src/rules/kv-keys.ts";
import { type HostRules, type Rules, Shard } from "../../src/rules/snapshot.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { chooseShardCount, computeRulesDigest, planPublication } from "../../sync/publish/plan-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import {
  buildHostRules,
  buildRules,
  generateHosts,
  readAllShards as readPublished,
  sortByHost,
} from "../support/published.ts";
import { observeOutcome } from "../support/worker/observed-outcome.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const keys = generateSigningKeys();
const signer = createSigner(keys.privateKey);
const NOW = new Date("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;
const KIB = 1024;

/** The whole of what an edge would serve from the manifest under `key`. */
function readRulesAt(kv: Kv, key = CURRENT_KEY) {
  return readPublished(kv, keys.publicKey, key);
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

describe("publishing", () => {
  test("writes nothing where nothing changed", async () => {
    const kv = new MemoryKv();
    const rules = buildRules(generateHosts(3, 0));
    const first = await publish(rules, kv, signer, NOW);
    assert.deepEqual([first.generation, first.hasChanged, first.writes], [1, true, 3]);
    kv.remainingWrites = 0;
    const second = await publish(structuredClone(rules), kv, signer, addMinutes(1));
    assert.deepEqual([second.generation, second.hasChanged, second.writes, second.bytes], [1, false, 0, 0]);
    assert.equal(second.digest, first.digest);
  });

  test("publishes rules without a host too", async () => {
    const kv = new MemoryKv();
    const { generation } = await publish(buildRules([]), kv, signer, NOW);
    assert.equal(generation, 1);
    assert.deepEqual((await readRulesAt(kv)).hosts, []);
  });

  test("writes one shard and the manifest, twice, for one changed host", async () => {
    const kv = new MemoryKv();
    const hosts = generateHosts(100, 8 * KIB);
    await publish(buildRules(hosts), kv, signer, NOW);
    assert.equal(kv.writtenKeys.filter((key) => key.startsWith(SHARD_PREFIX)).length, 32);
    kv.writtenKeys.length = 0;
    const changedHosts = hosts.with(7, buildHostRules("host-7.example.com", "b", 8 * KIB));
    const { generation, writes } = await publish(buildRules(changedHosts), kv, signer, addMinutes(1));
    assert.deepEqual([generation, writes], [2, 3]);
    const [shard = "", ...manifests] = kv.writtenKeys;
    assert.ok(shard.startsWith(SHARD_PREFIX));
    assert.deepEqual(manifests, ["generation/2", "current"]);
    assert.deepEqual((await readRulesAt(kv)).hosts, sortByHost(changedHosts));
  });

  test("keeps the history's copy of a manifest byte for byte", async () => {
    const kv = new MemoryKv();
    await publish(buildRules(generateHosts(1, 0)), kv, signer, NOW);
    assert.equal(kv.values.get("generation/1"), kv.values.get("current"));
  });

  test("leaves one whole generation to read wherever it is cut short", async () => {
    const cut = fc.nat({ max: 12 });
    await fc.assert(
      fc.asyncProperty(arbitraryRules, arbitraryRules, cut, async (oldRules, newRules, writes) => {
        const kv = new MemoryKv();
        await publish(oldRules, kv, signer, NOW);
        kv.remainingWrites = writes;
        const isPublished = await publish(newRules, kv, signer, addMinutes(1)).then(
          () => true,
          () => false,
        );
        const snapshot = await readRulesAt(kv);
        const isNewGeneration = snapshot.manifest.generation === 2;
        assert.deepEqual(snapshot.hosts, isNewGeneration ? newRules.hosts : oldRules.hosts);
        if (isPublished) assert.deepEqual(snapshot.hosts, newRules.hosts);
        kv.remainingWrites = Number.POSITIVE_INFINITY;
        await publish(newRules, kv, signer, addMinutes(2));
        assert.deepEqual((await readRulesAt(kv)).hosts, newRules.hosts);
      }),
    );
  });

  test("leaves every generation that history keeps whole wherever trimming is cut short, and says that it was", async () => {
    const writesPerPublication = 3; // its keys: of the two shards of a turn one changes, and the manifest is written twice
    for (let removals = 0; ; removals++) {
      const kv = new MemoryKv();
      for (let turn = 0; turn < 19; turn++) await publish(buildTurnRules(turn), kv, signer, addMinutes(120 * turn));
      kv.remainingWrites = writesPerPublication + removals;
      const { generation, warnings } = await publish(buildTurnRules(19), kv, signer, addMinutes(120 * 19));
      for (const number of (await listGenerations(kv)).filter((retained) => retained > generation - 10)) {
        await readRulesAt(kv, generationKey(number));
      }
      kv.remainingWrites = Number.POSITIVE_INFINITY;
      await publish(buildTurnRules(20), kv, signer, addMinutes(120 * 20));
      await readRulesAt(kv);
      if (warnings.length === 0) return assert.ok(removals > 10);
      assert.deepEqual(warnings, ["history was not pruned: the connection is gone. The next publication retries"]);
    }
  });

  test("writes shards again until KV gives them back", async () => {
    const kv = new MemoryKv();
    kv.writesToLose = 1;
    const rules = buildRules(generateHosts(20, 8 * KIB));
    await publish(rules, kv, signer, NOW);
    assert.equal((await readRulesAt(kv)).hosts.length, 20);
    assert.equal(kv.writtenKeys.length, new Set(kv.writtenKeys).size + 1);
  });

  test("gives up, and leaves the manifest alone, where KV never gives a shard back", async () => {
    const kv = new MemoryKv();
    const oldRules = buildRules([buildHostRules("a.example.com", "before")]);
    await publish(oldRules, kv, signer, NOW);
    kv.writesToLose = Number.POSITIVE_INFINITY;
    const newRules = buildRules([buildHostRules("a.example.com", "after")]);
    await assert.rejects(publish(newRules, kv, signer, NOW), {
      message: "KV does not return 1 of 1 shards as written",
    });
    assert.deepEqual((await readRulesAt(kv)).hosts, oldRules.hosts);
  });

  for (const [what, spoil] of [
    ["is garbage", () => "{"],
    ["is gone", () => undefined],
    [
      "is signed by another key",
      (bytes: string) => createSigner(generateSigningKeys().privateKey).sign(JSON.parse(bytes).manifest),
    ],
    ["was changed", (bytes: string) => bytes.replace("2026", "2027")],
    ["is signed but no manifest", () => signer.sign('{"generation":99}')],
  ] as const) {
    test(`counts on from the history where the current manifest ${what}`, async () => {
      const kv = new MemoryKv();
      for (let turn = 0; turn < 12; turn++) await publish(buildTurnRules(turn), kv, signer, addMinutes(turn));
      const spoiledBytes = spoil(kv.values.get(CURRENT_KEY) ?? "");
      if (spoiledBytes === undefined) kv.values.delete(CURRENT_KEY);
      else kv.values.set(CURRENT_KEY, spoiledBytes);
      const { generation, hasChanged } = await publish(buildTurnRules(11), kv, signer, addMinutes(13));
      assert.deepEqual([generation, hasChanged], [13, true]);
      assert.deepEqual((await readRulesAt(kv)).hosts, buildTurnRules(11).hosts);
    });
  }

  test("counts from one where there is no history, and takes no other key for history", async () => {
    const kv = new MemoryKv();
    await kv.put([
      { key: "generation/x", value: "" },
      { key: "generation/-4", value: "" },
      { key: "generation/1.5", value: "" },
    ]);
    assert.equal((await publish(buildTurnRules(0), kv, signer, NOW)).generation, 1);
  });
});

/** Rules of which one host changes every turn, one every fourth, and one never. */
function buildTurnRules(turn: number): Rules {
  return buildRules([
    buildHostRules("always.example.com", `turn-${turn}`, 60 * KIB),
    buildHostRules("never.example.com", "never", 60 * KIB),
    buildHostRules("sometimes.example.com", `turn-${Math.floor(turn / 4)}`, 60 * KIB),
  ]);
}

async function listGenerations(kv: Kv): Promise<number[]> {
  const generationKeys = await kv.list(GENERATION_PREFIX);
  return generationKeys.map((key) => Number(key.slice(GENERATION_PREFIX.length))).toSorted((a, b) => b - a);
}

describe("history", () => {
  test("keeps ten generations and their shards", async () => {
    const kv = new MemoryKv();
    for (let turn = 0; turn < 45; turn++) {
      await publish(buildTurnRules(turn), kv, signer, addMinutes(120 * turn));
      const generations = await listGenerations(kv);
      assert.ok(
        generations.length >= Math.min(turn + 1, 10) && generations.length < 20,
        `${generations.length} after ${turn + 1}`,
      );
      const newest = Array.from({ length: Math.min(turn + 1, 10) }, (_, index) => turn + 1 - index);
      assert.deepEqual(generations.slice(0, 10), newest);
      for (const generation of generations) {
        assert.deepEqual(
          (await readRulesAt(kv, generationKey(generation))).hosts,
          buildTurnRules(generation - 1).hosts,
        );
      }
    }
    const snapshots = await Promise.all(
      (await listGenerations(kv)).map((number) => readRulesAt(kv, generationKey(number))),
    );
    const neededDigests = new Set(
      snapshots.flatMap(({ manifest }) => manifest.shards.filter((digest) => digest !== null)),
    );
    assert.equal((await kv.list(SHARD_PREFIX)).length, neededDigests.size, "no shard is left that nothing names");
  });

  test("keeps anything younger than an hour, and trims it later", async () => {
    const kv = new MemoryKv();
    for (let turn = 0; turn < 50; turn++) await publish(buildTurnRules(turn), kv, signer, addMinutes(turn));
    assert.equal((await listGenerations(kv)).length, 50);
    for (const generation of await listGenerations(kv)) await readRulesAt(kv, generationKey(generation));
    await publish(buildTurnRules(50), kv, signer, addMinutes(80));
    // Published at minute 20 is an hour ago: generation 21, the turn of that minute, goes; 22 stays.
    assert.deepEqual([(await listGenerations(kv)).at(-1), (await listGenerations(kv)).length], [22, 30]);
    await publish(buildTurnRules(51), kv, signer, addMinutes(300));
    assert.deepEqual(await listGenerations(kv), [52, 51, 50, 49, 48, 47, 46, 45, 44, 43]);
  });
});

describe("shards", () => {
  test("are as many as the power of two that brings them nearest to 32 KiB", () => {
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

  test("stay as many while they are within a factor of four of 32 KiB", () => {
    assert.equal(chooseShardCount(127 * KIB, 1), 1);
    assert.equal(chooseShardCount(128 * KIB, 1), 4);
    assert.equal(chooseShardCount(33 * KIB, 4), 4);
    assert.equal(chooseShardCount(32 * KIB, 4), 1);
  });

  test("are a power of two in number and near 32 KiB on the average, whatever the rules", () => {
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

describe("publishing to the local account with the client of the real one", () => {
  let edge: WorkerHarness;

  before(async () => {
    edge = await startWorkerHarness();
  });

  after(() => edge.close());

  test("puts rules in force, writes nothing twice, and mends what was written by half", async () => {
    const { account, stack } = edge;
    const countWrites = () => stack.account.requests.filter(({ method }) => method === "PUT").length;
    const hosts = generateHosts(40, 8 * KIB);
    const first = await publish(buildRules(hosts), account.kv, account.signer, NOW);
    await waitForGeneration(stack.http, first.generation);
    const firstWrites = countWrites();

    const second = await publish(buildRules(hosts), account.kv, account.signer, NOW);
    assert.deepEqual([second.generation, second.hasChanged, countWrites()], [1, false, firstWrites]);

    const changedHosts = hosts.with(3, buildHostRules("host-3.example.com", "b", 8 * KIB));
    const third = await publish(buildRules(changedHosts), account.kv, account.signer, NOW);
    assert.deepEqual([third.generation, third.writes, countWrites()], [2, 3, firstWrites + 3]);

    stack.account.faults = { ...createFaultPlan(), partialWrites: 1 };
    const fourth = await publish(buildRules(generateHosts(40, 9 * KIB)), account.kv, account.signer, NOW);
    await waitForGeneration(stack.http, 3);
    assert.equal(fourth.generation, 3);
    const shards = await account.kv.list(SHARD_PREFIX);
    assert.equal((await account.kv.getMany(shards)).size, shards.length);
    const response = await observeOutcome(edge, { method: "GET", url: "http://host-3.example.com/a", headers: [] });
    assert.deepEqual(response.destination, { status: 404 }); // its only route has no backend
  });
});

test("equal rules have equal bytes, whatever the order of their keys", () => {
  assert.equal(toCanonicalJson({ b: 1, a: [{ d: 2, c: 3 }] }), '{"a":[{"c":3,"d":2}],"b":1}');
});

describe("what is planned", () => {
  const hosts = generateHosts(20, KIB);
  const upper = (text: string) => text.toUpperCase();

  test("is told apart by what the rules say, whichever objects they are and in whatever order their keys", () => {
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

  test("is the same bytes for the same rules, with what is remembered of them and without", () => {
    const changedHosts = hosts.with(7, buildHostRules("host-7.example.com", "b", KIB));
    const buildShards = (hostRules: readonly HostRules[], encryptTokens?: (text: string) => string) =>
      planPublication(buildRules(hostRules), undefined, 1, NOW, encryptTokens).shards;
    for (const hostRules of [hosts, changedHosts, hosts.slice(3), hosts]) {
      assert.deepEqual(buildShards(hostRules), buildShards(structuredClone(hostRules)));
      assert.deepEqual(buildShards(hostRules, upper), buildShards(structuredClone(hostRules), upper));
      for (const [digest, bytes] of buildShards(hostRules)) {
        assert.equal(bytes, toCanonicalJson(Shard.parse(JSON.parse(bytes))));
        assert.equal(digest, createHash("sha256").update(bytes).digest("hex"));
      }
    }
  });

  test("is made anew only for the shard of a host that changed", () => {
    const encryptedTexts: string[] = [];
    const encryptTokens = (text: string) => {
      encryptedTexts.push(text);
      return text;
    };
    const allHosts = generateHosts(100, 8 * KIB);
    assert.equal(
      planPublication(buildRules(allHosts), undefined, 1, NOW, encryptTokens).shards.size,
      encryptedTexts.length,
    );
    encryptedTexts.length = 0;
    planPublication(buildRules([...allHosts]), undefined, 2, NOW, encryptTokens);
    assert.deepEqual(encryptedTexts, []);
    planPublication(
      buildRules(allHosts.with(7, buildHostRules("host-7.example.com", "b", 8 * KIB))),
      undefined,
      3,
      NOW,
      encryptTokens,
    );
    assert.equal(encryptedTexts.length, 1);
    assert.match(encryptedTexts.join(), /"\/bxxx/);
  });
});
