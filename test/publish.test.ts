import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { CURRENT_KEY, GENERATION_PREFIX, generationKey, SHARD_PREFIX } from "../src/rules/keys.ts";
import { type HostRules, type Rules, Shard } from "../src/rules/snapshot.ts";
import type { Kv } from "../sync/cloudflare/kv.ts";
import { noFaults } from "../sync/dev/faults.ts";
import { untilInForce } from "../sync/dev/in-force.ts";
import { canonical } from "../sync/publish/canonical.ts";
import { plan, rulesDigest, shardCount } from "../sync/publish/plan.ts";
import { publish } from "../sync/publish/publish.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { type Edge, startEdge } from "./support/fixture-edge.ts";
import { MemoryKv } from "./support/memory-kv.ts";
import { byName, hostRules, manyHosts, readAll as readPublished, rulesOf } from "./support/published.ts";

const keys = generateKeys();
const signer = signerOf(keys.privateKey);
const NOW = new Date("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;
const KIB = 1024;

/** The whole of what an edge would serve from the manifest under `key`. */
function readAll(kv: Kv, key = CURRENT_KEY) {
  return readPublished(kv, keys.publicKey, key);
}

function minutesLater(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

const arbitraryHost = fc
  .tuple(fc.constantFrom(..."abcdefgh"), fc.constantFrom("one", "two"), fc.constantFrom(0, 10 * KIB, 60 * KIB))
  .map(([label, text, bytes]) => hostRules(`${label}.example.com`, text, bytes));
const arbitraryRules = fc
  .uniqueArray(arbitraryHost, { selector: ({ host }) => host })
  .map((hosts) => rulesOf(byName(hosts)));

describe("publishing", () => {
  test("writes nothing where nothing changed", async () => {
    const kv = new MemoryKv();
    const rules = rulesOf(manyHosts(3, 0));
    const first = await publish(rules, kv, signer, NOW);
    assert.deepEqual([first.generation, first.changed, first.writes], [1, true, 3]);
    kv.left = 0;
    const second = await publish(structuredClone(rules), kv, signer, minutesLater(1));
    assert.deepEqual([second.generation, second.changed, second.writes, second.bytes], [1, false, 0, 0]);
    assert.equal(second.digest, first.digest);
  });

  test("publishes rules without a host too", async () => {
    const kv = new MemoryKv();
    const { generation } = await publish(rulesOf([]), kv, signer, NOW);
    assert.equal(generation, 1);
    assert.deepEqual((await readAll(kv)).hosts, []);
  });

  test("writes one shard and the manifest, twice, for one changed host", async () => {
    const kv = new MemoryKv();
    const hosts = manyHosts(100, 8 * KIB);
    await publish(rulesOf(hosts), kv, signer, NOW);
    assert.equal(kv.written.filter((key) => key.startsWith(SHARD_PREFIX)).length, 32);
    kv.written.length = 0;
    const changed = hosts.with(7, hostRules("host-7.example.com", "b", 8 * KIB));
    const { generation, writes } = await publish(rulesOf(changed), kv, signer, minutesLater(1));
    assert.deepEqual([generation, writes], [2, 3]);
    const [shard = "", ...manifests] = kv.written;
    assert.ok(shard.startsWith(SHARD_PREFIX));
    assert.deepEqual(manifests, ["generation/2", "current"]);
    assert.deepEqual((await readAll(kv)).hosts, byName(changed));
  });

  test("keeps the history's copy of a manifest byte for byte", async () => {
    const kv = new MemoryKv();
    await publish(rulesOf(manyHosts(1, 0)), kv, signer, NOW);
    assert.equal(kv.values.get("generation/1"), kv.values.get("current"));
  });

  test("leaves one whole generation to read wherever it is cut short", async () => {
    const cut = fc.nat({ max: 12 });
    await fc.assert(
      fc.asyncProperty(arbitraryRules, arbitraryRules, cut, async (before, next, writes) => {
        const kv = new MemoryKv();
        await publish(before, kv, signer, NOW);
        kv.left = writes;
        const ended = await publish(next, kv, signer, minutesLater(1)).then(
          () => true,
          () => false,
        );
        const left = await readAll(kv);
        const published = left.manifest.generation === 2;
        assert.deepEqual(left.hosts, published ? next.hosts : before.hosts);
        if (ended) assert.deepEqual(left.hosts, next.hosts);
        kv.left = Number.POSITIVE_INFINITY;
        await publish(next, kv, signer, minutesLater(2));
        assert.deepEqual((await readAll(kv)).hosts, next.hosts);
      }),
    );
  });

  test("leaves every generation that history keeps whole wherever trimming is cut short, and says that it was", async () => {
    const publication = 3; // its keys: of the two shards of a turn one changes, and the manifest is written twice
    for (let removals = 0; ; removals++) {
      const kv = new MemoryKv();
      for (let turn = 0; turn < 19; turn++) await publish(turnOf(turn), kv, signer, minutesLater(120 * turn));
      kv.left = publication + removals;
      const { generation, warnings } = await publish(turnOf(19), kv, signer, minutesLater(120 * 19));
      for (const number of (await generationsIn(kv)).filter((kept) => kept > generation - 10)) {
        await readAll(kv, generationKey(number));
      }
      kv.left = Number.POSITIVE_INFINITY;
      await publish(turnOf(20), kv, signer, minutesLater(120 * 20));
      await readAll(kv);
      if (warnings.length === 0) return assert.ok(removals > 10);
      assert.deepEqual(warnings, ["history is not trimmed yet: the connection is gone"]);
    }
  });

  test("writes shards again until KV gives them back", async () => {
    const kv = new MemoryKv();
    kv.losing = 1;
    const rules = rulesOf(manyHosts(20, 8 * KIB));
    await publish(rules, kv, signer, NOW);
    assert.equal((await readAll(kv)).hosts.length, 20);
    assert.equal(kv.written.length, new Set(kv.written).size + 1);
  });

  test("gives up, and leaves the manifest alone, where KV never gives a shard back", async () => {
    const kv = new MemoryKv();
    const before = rulesOf([hostRules("a.example.com", "before")]);
    await publish(before, kv, signer, NOW);
    kv.losing = Number.POSITIVE_INFINITY;
    const after = rulesOf([hostRules("a.example.com", "after")]);
    await assert.rejects(publish(after, kv, signer, NOW), {
      message: "KV does not give back 1 of 1 shards as written",
    });
    assert.deepEqual((await readAll(kv)).hosts, before.hosts);
  });

  for (const [what, spoil] of [
    ["is garbage", () => "{"],
    ["is gone", () => undefined],
    [
      "is signed by another key",
      (bytes: string) => signerOf(generateKeys().privateKey).seal(JSON.parse(bytes).manifest),
    ],
    ["was changed", (bytes: string) => bytes.replace("2026", "2027")],
    ["is signed but no manifest", () => signer.seal('{"generation":99}')],
  ] as const) {
    test(`counts on from the history where the current manifest ${what}`, async () => {
      const kv = new MemoryKv();
      for (let turn = 0; turn < 12; turn++) await publish(turnOf(turn), kv, signer, minutesLater(turn));
      const spoilt = spoil(kv.values.get(CURRENT_KEY) ?? "");
      if (spoilt === undefined) kv.values.delete(CURRENT_KEY);
      else kv.values.set(CURRENT_KEY, spoilt);
      const { generation, changed } = await publish(turnOf(11), kv, signer, minutesLater(13));
      assert.deepEqual([generation, changed], [13, true]);
      assert.deepEqual((await readAll(kv)).hosts, turnOf(11).hosts);
    });
  }

  test("counts from one where there is no history, and takes no other key for history", async () => {
    const kv = new MemoryKv();
    await kv.put([
      { key: "generation/x", value: "" },
      { key: "generation/-4", value: "" },
      { key: "generation/1.5", value: "" },
    ]);
    assert.equal((await publish(turnOf(0), kv, signer, NOW)).generation, 1);
  });
});

/** Rules of which one host changes every turn, one every fourth, and one never. */
function turnOf(turn: number): Rules {
  return rulesOf([
    hostRules("always.example.com", `turn-${turn}`, 60 * KIB),
    hostRules("never.example.com", "never", 60 * KIB),
    hostRules("sometimes.example.com", `turn-${Math.floor(turn / 4)}`, 60 * KIB),
  ]);
}

async function generationsIn(kv: Kv): Promise<number[]> {
  const held = await kv.list(GENERATION_PREFIX);
  return held.map((key) => Number(key.slice(GENERATION_PREFIX.length))).toSorted((a, b) => b - a);
}

describe("history", () => {
  test("keeps ten generations and their shards", async () => {
    const kv = new MemoryKv();
    for (let turn = 0; turn < 45; turn++) {
      await publish(turnOf(turn), kv, signer, minutesLater(120 * turn));
      const kept = await generationsIn(kv);
      assert.ok(kept.length >= Math.min(turn + 1, 10) && kept.length < 20, `${kept.length} after ${turn + 1}`);
      const newest = Array.from({ length: Math.min(turn + 1, 10) }, (_, index) => turn + 1 - index);
      assert.deepEqual(kept.slice(0, 10), newest);
      for (const generation of kept) {
        assert.deepEqual((await readAll(kv, generationKey(generation))).hosts, turnOf(generation - 1).hosts);
      }
    }
    const named = await Promise.all((await generationsIn(kv)).map((number) => readAll(kv, generationKey(number))));
    const needed = new Set(named.flatMap(({ manifest }) => manifest.shards.filter((digest) => digest !== null)));
    assert.equal((await kv.list(SHARD_PREFIX)).length, needed.size, "no shard is left that nothing names");
  });

  test("keeps anything younger than an hour, and trims it later", async () => {
    const kv = new MemoryKv();
    for (let turn = 0; turn < 50; turn++) await publish(turnOf(turn), kv, signer, minutesLater(turn));
    assert.equal((await generationsIn(kv)).length, 50);
    for (const generation of await generationsIn(kv)) await readAll(kv, generationKey(generation));
    await publish(turnOf(50), kv, signer, minutesLater(80));
    // Published at minute 20 is an hour ago: generation 21, the turn of that minute, goes; 22 stays.
    assert.deepEqual([(await generationsIn(kv)).at(-1), (await generationsIn(kv)).length], [22, 30]);
    await publish(turnOf(51), kv, signer, minutesLater(300));
    assert.deepEqual(await generationsIn(kv), [52, 51, 50, 49, 48, 47, 46, 45, 44, 43]);
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
    for (const [bytes, count] of cases) assert.equal(shardCount(bytes, undefined), count, `${bytes} bytes`);
  });

  test("stay as many while they are within a factor of four of 32 KiB", () => {
    assert.equal(shardCount(127 * KIB, 1), 1);
    assert.equal(shardCount(128 * KIB, 1), 4);
    assert.equal(shardCount(33 * KIB, 4), 4);
    assert.equal(shardCount(32 * KIB, 4), 1);
  });

  test("are a power of two in number and near 32 KiB on the average, whatever the rules", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100 * 1024 * KIB }),
        fc.option(fc.nat({ max: 12 }), { nil: undefined }),
        (bytes, before) => {
          const count = shardCount(bytes, before === undefined ? undefined : 2 ** before);
          assert.ok(Number.isInteger(Math.log2(count)) && count >= 1 && count <= 4096);
          assert.ok(bytes / count < 4 * 32 * KIB);
          assert.ok(count === 1 || bytes / count > (32 * KIB) / 4);
        },
      ),
    );
  });
});

describe("publishing to the local account with the client of the real one", () => {
  let edge: Edge;

  before(async () => {
    edge = await startEdge(["example.com"]);
  });

  after(() => edge.close());

  test("puts rules in force, writes nothing twice, and mends what was written by half", async () => {
    const { account, stack } = edge;
    const writes = () => stack.account.requests.filter(({ method }) => method === "PUT").length;
    const hosts = manyHosts(40, 8 * KIB);
    const first = await publish(rulesOf(hosts), account.kv, account.signer, NOW);
    await untilInForce(stack.http, first.generation);
    const wrote = writes();

    const second = await publish(rulesOf(hosts), account.kv, account.signer, NOW);
    assert.deepEqual([second.generation, second.changed, writes()], [1, false, wrote]);

    const one = hosts.with(3, hostRules("host-3.example.com", "b", 8 * KIB));
    const third = await publish(rulesOf(one), account.kv, account.signer, NOW);
    assert.deepEqual([third.generation, third.writes, writes()], [2, 3, wrote + 3]);

    stack.account.faults = { ...noFaults(), partialWrites: 1 };
    const fourth = await publish(rulesOf(manyHosts(40, 9 * KIB)), account.kv, account.signer, NOW);
    await untilInForce(stack.http, 3);
    assert.equal(fourth.generation, 3);
    const shards = await account.kv.list(SHARD_PREFIX);
    assert.equal((await account.kv.getMany(shards)).size, shards.length);
    const answer = await edge.ask({ method: "GET", url: "http://host-3.example.com/a", headers: [] });
    assert.deepEqual(answer.end, { status: 404 }); // its only route has no backend
  });
});

test("equal rules have equal bytes, whatever the order of their keys", () => {
  assert.equal(canonical({ b: 1, a: [{ d: 2, c: 3 }] }), '{"a":[{"c":3,"d":2}],"b":1}');
});

describe("what is planned", () => {
  const hosts = manyHosts(20, KIB);
  const upper = (text: string) => text.toUpperCase();

  test("is told apart by what the rules say, whichever objects they are and in whatever order their keys", () => {
    const rules = rulesOf(hosts);
    const turned = hosts.map(({ host, policies, routes, backends }) => ({ backends, routes, policies, host }));
    assert.equal(rulesDigest(rulesOf(turned)), rulesDigest(rules));
    assert.notEqual(rulesDigest(rulesOf(hosts.with(7, hostRules("host-7.example.com", "b", KIB)))), rulesDigest(rules));
    assert.notEqual(rulesDigest({ ...rules, zones: ["example.net"] }), rulesDigest(rules));
    assert.notEqual(rulesDigest(rulesOf(hosts.slice(1))), rulesDigest(rules));
  });

  test("is the same bytes for the same rules, with what is remembered of them and without", () => {
    const changed = hosts.with(7, hostRules("host-7.example.com", "b", KIB));
    const shards = (own: readonly HostRules[], sealed?: (text: string) => string) =>
      plan(rulesOf(own), undefined, 1, NOW, sealed).shards;
    for (const own of [hosts, changed, hosts.slice(3), hosts]) {
      assert.deepEqual(shards(own), shards(structuredClone(own)));
      assert.deepEqual(shards(own, upper), shards(structuredClone(own), upper));
      for (const [digest, bytes] of shards(own)) {
        assert.equal(bytes, canonical(Shard.parse(JSON.parse(bytes))));
        assert.equal(digest, createHash("sha256").update(bytes).digest("hex"));
      }
    }
  });

  test("is made anew only for the shard of a host that changed", () => {
    const made: string[] = [];
    const sealed = (text: string) => {
      made.push(text);
      return text;
    };
    const all = manyHosts(100, 8 * KIB);
    assert.equal(plan(rulesOf(all), undefined, 1, NOW, sealed).shards.size, made.length);
    made.length = 0;
    plan(rulesOf([...all]), undefined, 2, NOW, sealed);
    assert.deepEqual(made, []);
    plan(rulesOf(all.with(7, hostRules("host-7.example.com", "b", 8 * KIB))), undefined, 3, NOW, sealed);
    assert.equal(made.length, 1);
    assert.match(made.join(), /"\/bxxx/);
  });
});
