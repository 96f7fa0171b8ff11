import assert from "node:assert/strict";
import { test } from "node:test";
import { generationKey, SHARD_PREFIX } from "../../src/rules/kv-keys.ts";
import { measurePublication } from "../../sync/publish/changes/measure-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import { listGenerations, parseSignedManifest, readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { COLLECTION_KEY } from "../../sync/publish/storage/collect-blobs.ts";
import { listBlobKeys } from "../../sync/publish/storage/manifest-blobs.ts";
import { planCollection } from "../../sync/publish/storage/plan-collection.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { buildChangingRules } from "../support/publish/sample-rules.ts";
import { NOW, SIGNER } from "../support/publish/signing.ts";

const HOUR_MS = 3_600_000;
const ORPHAN = `${SHARD_PREFIX}${"0".repeat(32)}`;

function addHours(hours: number): Date {
  return new Date(NOW.getTime() + hours * HOUR_MS);
}

/** Publishes 15 generations, one per hour, and returns them. */
async function publishGenerations() {
  const kv = new MemoryKv();
  for (let turn = 0; turn < 15; turn++) await publish(buildChangingRules(turn), kv, SIGNER, addHours(turn));
  const generations = [...(await listGenerations(kv))].map(([generation, key]) => {
    return { key, generation, manifest: parseSignedManifest(kv.values.get(key), SIGNER) };
  });
  return { kv, generations, blobKeys: [...(await kv.list(SHARD_PREFIX)), ORPHAN] };
}

test("Blobs that no kept generation needs wait for 24 h, with those that no generation ever needed", async () => {
  const { generations, blobKeys } = await publishGenerations();
  const first = planCollection(generations, blobKeys, {}, addHours(20));
  assert.deepEqual(first.removedBlobs, []);
  assert.deepEqual(first.removedGenerations.toSorted(), [1, 2, 3, 4, 5].map(generationKey));
  assert.ok(ORPHAN in first.waitingBlobs);
  const kept = generations.filter(({ generation }) => generation > 5);
  const early = planCollection(kept, blobKeys, first.waitingBlobs, addHours(43));
  assert.deepEqual([early.removedBlobs, early.waitingBlobs], [[], first.waitingBlobs]);
  const due = planCollection(kept, blobKeys, first.waitingBlobs, addHours(44));
  assert.deepEqual(due.removedBlobs.toSorted(), Object.keys(first.waitingBlobs).toSorted());
  const neededKeys = new Set(kept.flatMap(({ manifest }) => (manifest ? listBlobKeys(manifest) : [])));
  assert.ok(due.removedBlobs.every((key) => !neededKeys.has(key)));
});

test("The grace of a blob starts again if a later generation needed it", async () => {
  const { generations, blobKeys } = await publishGenerations();
  const [blob = ""] = listBlobKeys(generations.find(({ generation }) => generation === 3)?.manifest ?? assert.fail());
  const plan = planCollection(generations, blobKeys, { [blob]: NOW.toISOString() }, addHours(30));
  assert.ok(!plan.removedBlobs.includes(blob));
});

test("The measure of a publication counts the generations and blobs that it would remove", async () => {
  const kv = new MemoryKv();
  for (let turn = 0; turn < 19; turn++) await publish(buildChangingRules(turn), kv, SIGNER, addHours(turn));
  const snapshot = await readPublishedSnapshot(kv, SIGNER);
  const account = { kv, signer: SIGNER, encryptor: { prepare: async () => (text: string) => text } };
  const { collection } = await measurePublication(buildChangingRules(19), snapshot, account, addHours(19));
  const blobCount = kv.values.size;
  await publish(buildChangingRules(19), kv, SIGNER, addHours(19));
  const waitingBlobs = Object.keys(JSON.parse(kv.values.get(COLLECTION_KEY) ?? "{}")).length;
  assert.ok(waitingBlobs >= 10 && waitingBlobs < blobCount, `${waitingBlobs} of ${blobCount}`);
  assert.deepEqual(collection, { removedGenerations: 10, removedBlobs: 0, waitingBlobs });
});

/** KV whose lists do not show the generations of `hiddenKeys` yet. */
class StaleListKv extends MemoryKv {
  hiddenKeys: readonly string[] = [];
  override async list(prefix: string): Promise<string[]> {
    return (await super.list(prefix)).filter((key) => !this.hiddenKeys.includes(key));
  }
}

/** Publishes 21 generations, one per hour, and marks the blobs of the last one as due for removal. */
async function publishLongHistory() {
  const kv = new StaleListKv();
  let snapshot: Awaited<ReturnType<typeof publish>>["snapshot"] | undefined;
  for (let turn = 0; turn < 21; turn++) {
    const staleSnapshot = snapshot && { ...snapshot, mayBeStale: true };
    const context = { snapshot: staleSnapshot };
    ({ snapshot } = await publish(buildChangingRules(turn), kv, SIGNER, addHours(turn), undefined, context));
  }
  const blobs = listBlobKeys(snapshot?.manifest ?? assert.fail());
  kv.values.set("collection", JSON.stringify(Object.fromEntries(blobs.map((key) => [key, NOW.toISOString()]))));
  return { kv, snapshot, blobs };
}

test("A publication that follows a stale read removes nothing", async () => {
  const { kv } = await publishLongHistory();
  assert.equal((await listGenerations(kv)).size, 21);
});

test("The last generation keeps its blobs although the list of KV does not show it yet", async () => {
  const { kv, snapshot, blobs } = await publishLongHistory();
  kv.hiddenKeys = [generationKey(21)];
  await publish(buildChangingRules(40), kv, SIGNER, addHours(60), undefined, { snapshot });
  assert.equal(kv.values.has(generationKey(1)), false, "old generations are removed");
  assert.deepEqual(
    blobs.filter((key) => !kv.values.has(key)),
    [],
  );
});
