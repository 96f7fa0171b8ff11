import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY, generationKey, SHARD_PREFIX } from "../src/rules/keys.ts";
import type { Rules } from "../src/rules/snapshot.ts";
import type { Kv } from "../sync/cloudflare/kv.ts";
import { PartlyReadError } from "../sync/publish/blobs.ts";
import { SupersededError } from "../sync/publish/fence.ts";
import { type Held, readHeld } from "../sync/publish/held.ts";
import { publish } from "../sync/publish/publish.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { MemoryKv } from "./support/memory-kv.ts";
import { byName, hostRules, manyHosts, readAll, rulesOf } from "./support/published.ts";
import { stepped } from "./support/stepped-kv.ts";

const keys = generateKeys();
const signer = signerOf(keys.privateKey);
const NOW = new Date("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;
const KIB = 1024;
const MIB = 1024 * KIB;

function minutesLater(minutes: number): Date {
  return new Date(NOW.getTime() + minutes * MINUTE_MS);
}

/** Rules of which one host is another every turn, in shards enough that most stay as they are. */
function turnOf(turn: number): Rules {
  return rulesOf([...manyHosts(20, 8 * KIB), hostRules("turn.example.com", `turn-${turn}`, 8 * KIB)]);
}

/** Publishes turns 1 to `last`, so that each has the generation of its number. */
async function publishedTurns(kv: Kv, last: number): Promise<Held> {
  let held: Held = await readHeld(kv, signer);
  for (let turn = 1; turn <= last; turn++) {
    held = (await publish(turnOf(turn), kv, signer, minutesLater(60 * turn), undefined, { held })).held;
  }
  return held;
}

async function served(kv: Kv) {
  return readAll(kv, keys.publicKey);
}

async function partlyRead(kv: Kv): Promise<PartlyReadError<Held>> {
  return readHeld(kv, signer).then(
    () => assert.fail(),
    (error: PartlyReadError<Held>) => (error instanceof PartlyReadError ? error : assert.fail()),
  );
}

describe("what is published", () => {
  test("is nothing where nothing is", async () => {
    const nothing = { manifest: undefined, bytes: undefined, newest: 0, hosts: [], lost: [] };
    assert.deepEqual(await readHeld(new MemoryKv(), signer), nothing);
  });

  test("is read whole: the manifest and every host", async () => {
    const kv = new MemoryKv();
    const { held, digest } = await publish(turnOf(1), kv, signer, NOW);
    const read = await readHeld(kv, signer);
    assert.deepEqual([read.manifest?.generation, read.manifest?.digest, read.newest], [1, digest, 1]);
    assert.deepEqual(byName(read.hosts), byName(turnOf(1).hosts));
    assert.deepEqual(byName(read.hosts), byName(held.hosts));
    assert.equal(read.bytes, held.bytes);
  });

  test("serves the next publication instead of a second read", async () => {
    const kv = new MemoryKv();
    const held = await publishedTurns(kv, 3);
    const steps: string[] = [];
    const watched = stepped(kv, (step) => void steps.push(step));
    const { changed, held: same } = await publish(turnOf(3), watched, signer, minutesLater(200), undefined, { held });
    assert.deepEqual([changed, steps], [false, ["before get current", "after get current"]]);
    assert.equal(same.manifest, held.manifest);
    assert.deepEqual(same.bytes, (await readHeld(kv, signer)).bytes);
  });

  test("is the newest generation in history where the current manifest is gone or garbage", async () => {
    for (const bytes of [undefined, "{"]) {
      const kv = new MemoryKv();
      await publishedTurns(kv, 3);
      if (bytes === undefined) kv.values.delete(CURRENT_KEY);
      else kv.values.set(CURRENT_KEY, bytes);
      const held = await readHeld(kv, signer);
      assert.deepEqual([held.manifest?.generation, held.newest, held.bytes], [3, 3, bytes]);
      assert.deepEqual(byName(held.hosts), byName(turnOf(3).hosts));
      const { generation } = await publish(turnOf(3), kv, signer, minutesLater(300), undefined, { held });
      assert.equal(generation, 4);
      assert.equal((await served(kv)).manifest.generation, 4);
    }
  });

  test("is nothing that another key has signed", async () => {
    const kv = new MemoryKv();
    await publish(turnOf(1), kv, signerOf(generateKeys().privateKey), NOW);
    const { manifest, hosts, newest } = await readHeld(kv, signer);
    assert.deepEqual([manifest, hosts, newest], [undefined, [], 1]);
  });
});

describe("incident: nothing changed", () => {
  test("zero writes, in this process and in the next", async () => {
    const kv = new MemoryKv();
    const held = await publishedTurns(kv, 2);
    kv.left = 0;
    for (const known of [held, await readHeld(kv, signer), undefined]) {
      const { changed, writes } = await publish(structuredClone(turnOf(2)), kv, signer, minutesLater(500), undefined, {
        held: known,
      });
      assert.deepEqual([changed, writes], [false, 0]);
    }
  });
});

describe("incident: killed between the blobs and the pointer", () => {
  test("the next publication comes after the one that was cut short", async () => {
    const kv = new MemoryKv();
    const held = await publishedTurns(kv, 2);
    const cut = stepped(kv, (step) => {
      if (step === "after put generation/3") throw new Error("killed");
    });
    await assert.rejects(publish(turnOf(3), cut, signer, minutesLater(200), undefined, { held }), {
      message: "killed",
    });
    assert.equal((await served(kv)).manifest.generation, 2);
    const next = await publish(turnOf(3), kv, signer, minutesLater(201), undefined, {
      held: await readHeld(kv, signer),
    });
    assert.equal(next.generation, 4);
    assert.deepEqual((await served(kv)).hosts, byName(turnOf(3).hosts));
  });
});

describe("incident: the size of a snapshot", () => {
  const withHost = (bytes: number) =>
    rulesOf([hostRules("large.example.com", "a", bytes), hostRules("b.example.com", "b")]);

  test("one that is twice as large as yesterday is published", async () => {
    const kv = new MemoryKv();
    const { held } = await publish(rulesOf(manyHosts(200, 8 * KIB)), kv, signer, NOW);
    const doubled = rulesOf(manyHosts(400, 8 * KIB));
    const { warnings } = await publish(doubled, kv, signer, minutesLater(1), undefined, { held });
    assert.deepEqual(warnings, []);
    assert.deepEqual((await served(kv)).hosts, byName(doubled.hosts));
  });

  test("one with 0 rules leaves a whole generation without hosts", async () => {
    const kv = new MemoryKv();
    const held = await publishedTurns(kv, 1);
    await publish(rulesOf([]), kv, signer, minutesLater(100), undefined, { held });
    assert.deepEqual((await readHeld(kv, signer)).hosts, []);
  });

  test("a value of 24.9 MiB is refused before anything is written", async () => {
    const kv = new MemoryKv();
    const before = await publish(withHost(0), kv, signer, NOW);
    kv.left = 0;
    await assert.rejects(publish(withHost(24.9 * MIB - 400), kv, signer, minutesLater(1)), {
      message:
        "nothing was published: the rules of host large.example.com: " +
        "24.9 of at most 24.0 MiB; give that host fewer paths",
    });
    assert.deepEqual((await readHeld(kv, signer)).manifest, before.held.manifest);
  });

  test("one of more than 70 % of what may be written is published with a warning", async () => {
    const { warnings, changed } = await publish(withHost(17 * MIB - 400), new MemoryKv(), signer, NOW);
    assert.deepEqual(warnings, [
      "the rules of host large.example.com: 17.0 of at most 24.0 MiB; give that host fewer paths",
    ]);
    assert.equal(changed, true);
  });

  test("a manifest that is too large is refused", async () => {
    const zones = Array.from({ length: 50_000 }, (_, index) => `zone-${index}.example.com`);
    await assert.rejects(publish({ zones, hosts: [] }, new MemoryKv(), signer, NOW), {
      message: "nothing was published: the manifest: 1.3 of at most 1.0 MiB; let this account answer for fewer zones",
    });
  });
});

describe("incident: KV, as the one who writes sees it", () => {
  test("a 503 at any step leaves a whole generation, and the next try goes through", async () => {
    for (let step = 0; ; step++) {
      const kv = new MemoryKv();
      const held = await publishedTurns(kv, 2);
      let left = step;
      const failing = stepped(kv, () => {
        if (left-- === 0) throw new Error("503");
      });
      await publish(turnOf(3), failing, signer, minutesLater(200), undefined, { held }).catch(({ message }: Error) =>
        assert.equal(message, "503"),
      );
      const { hosts, manifest } = await served(kv);
      assert.deepEqual(hosts, byName(turnOf(manifest.generation === 2 ? 2 : 3).hosts));
      const again = await readHeld(kv, signer);
      await publish(turnOf(4), kv, signer, minutesLater(201), undefined, { held: again });
      assert.deepEqual((await served(kv)).hosts, byName(turnOf(4).hosts));
      if (left >= 0) return assert.ok(step > 10);
    }
  });

  for (const [what, spoil, problem] of [
    ["is missing", (kv: MemoryKv, key: string) => kv.values.delete(key), "is not in KV"],
    [
      "has a wrong digest",
      (kv: MemoryKv, key: string) => kv.values.set(key, "{}"),
      "has other bytes than its name says",
    ],
  ] as const) {
    test(`a shard that ${what} is named, and written anew after what could be read`, async () => {
      const kv = new MemoryKv();
      await publishedTurns(kv, 2);
      const [key = ""] =
        (await readHeld(kv, signer)).manifest?.shards.map((digest) => `${SHARD_PREFIX}${digest}`) ?? [];
      spoil(kv, key);
      const { message, rest } = await partlyRead(kv);
      assert.equal(message, `of generation 2 in KV, shard ${key.slice(SHARD_PREFIX.length)} ${problem}`);
      assert.ok(rest.hosts.length > 0 && rest.hosts.length < 21);
      const { changed } = await publish(turnOf(2), kv, signer, minutesLater(200), undefined, { held: rest });
      assert.equal(changed, true);
      assert.deepEqual((await served(kv)).hosts, byName(turnOf(2).hosts));
    });
  }

  test("shards that cannot be had are counted", async () => {
    const kv = new MemoryKv();
    await publishedTurns(kv, 1);
    for (const key of await kv.list(SHARD_PREFIX)) kv.values.delete(key);
    assert.match(
      (await partlyRead(kv)).message,
      /^of generation 1 in KV, shard [0-9a-f]{64} is not in KV, and 3 more$/,
    );
  });

  test("a pointer that is stale for a minute is no reason to write, and none not to", async () => {
    const kv = new MemoryKv();
    await publishedTurns(kv, 2);
    const stale = kv.values.get(CURRENT_KEY);
    const { held } = await publish(turnOf(3), kv, signer, minutesLater(200), undefined, {
      held: await readHeld(kv, signer),
    });
    const late: Kv = { ...stepped(kv, () => {}), get: async () => stale };
    const same = await publish(turnOf(3), late, signer, minutesLater(201), undefined, { held });
    assert.deepEqual([same.changed, same.generation, same.held.bytes], [false, 3, held.bytes]);
    const next = await publish(turnOf(4), late, signer, minutesLater(201), undefined, { held });
    assert.deepEqual([next.changed, next.generation], [true, 4]);
    assert.deepEqual((await served(kv)).hosts, byName(turnOf(4).hosts));
  });

  for (const [what, over] of [
    ["an older generation", (kv: MemoryKv) => kv.values.get(generationKey(1))],
    ["garbage", () => "{"],
    ["nothing", () => undefined],
  ] as const) {
    test(`a pointer that was overwritten with ${what} is healed with a higher number, known or not`, async () => {
      for (const isKnown of [true, false]) {
        const kv = new MemoryKv();
        const held = await publishedTurns(kv, 3);
        const bytes = over(kv);
        if (bytes === undefined) kv.values.delete(CURRENT_KEY);
        else kv.values.set(CURRENT_KEY, bytes);
        const known = isKnown ? held : await readHeld(kv, signer);
        const healed = await publish(turnOf(3), kv, signer, minutesLater(400), undefined, { held: known });
        assert.deepEqual([healed.changed, healed.generation], [true, 4]);
        const { manifest, hosts } = await served(kv);
        assert.deepEqual([manifest.generation, hosts], [4, byName(turnOf(3).hosts)]);
      }
    });
  }

  test("a pointer that was overwritten with a generation that is out of history is healed, by whoever comes", async () => {
    for (const read of [readHeld, async () => undefined]) {
      const kv = new MemoryKv();
      await publishedTurns(kv, 1);
      const first = kv.values.get(CURRENT_KEY) ?? "";
      await publishedTurns(kv, 39);
      assert.equal(kv.values.get(generationKey(1)), undefined);
      kv.values.set(CURRENT_KEY, first);
      await assert.rejects(served(kv));
      await publish(turnOf(39), kv, signer, minutesLater(9000), undefined, { held: await read(kv, signer) });
      assert.deepEqual((await served(kv)).hosts, byName(turnOf(39).hosts));
    }
  });

  test("a pointer that another has moved on since the rules were judged ends the publication before it writes", async () => {
    const kv = new MemoryKv();
    const held = await publishedTurns(kv, 2);
    await publish(turnOf(9), kv, signer, minutesLater(200));
    kv.left = 0;
    await assert.rejects(publish(turnOf(3), kv, signer, minutesLater(201), undefined, { held }), (error: Error) => {
      assert.ok(error instanceof SupersededError);
      const message = "another sync job has published generation 3; this one writes nothing more of its round";
      assert.equal(error.message, message);
      return true;
    });
  });
});
