import assert from "node:assert/strict";
import { test } from "node:test";
import { CURRENT_KEY, generationKey } from "../../src/rules/kv-keys.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import { PublishConflictError } from "../../sync/publish/guard/write-fence.ts";
import { publish } from "../../sync/publish/publish.ts";
import { COLLECTION_KEY } from "../../sync/publish/storage/collect-blobs.ts";
import { listBlobKeys } from "../../sync/publish/storage/manifest-blobs.ts";
import { createInterruptibleKv } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { createLockstep } from "../support/publish/lockstep.ts";
import { buildChangingRules } from "../support/publish/sample-rules.ts";
import { NOW, SIGNER } from "../support/publish/signing.ts";

function addHours(hours: number): Date {
  return new Date(NOW.getTime() + hours * 3_600_000);
}

/** Returns the same KV, with other operations. */
function change(kv: MemoryKv, operations: Partial<Kv>): Kv {
  const { namespaceId, writeIntervalMs } = kv;
  return {
    namespaceId,
    writeIntervalMs,
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany(keys),
    put: (entries) => kv.put(entries),
    list: (prefix) => kv.list(prefix),
    listMetadata: (prefix) => kv.listMetadata(prefix),
    remove: (keys) => kv.remove(keys),
    ...operations,
  };
}

test("A publication of another process in the history ends a publication, even if `current` is still the old one", async () => {
  const kv = new MemoryKv();
  const { snapshot } = await publish(buildChangingRules(1), kv, SIGNER, NOW);
  await publish(buildChangingRules(2), kv, SIGNER, NOW); // by another process
  const newest = kv.values.get(CURRENT_KEY);
  const staleKv = change(kv, { get: async (key) => (key === CURRENT_KEY ? snapshot.currentBytes : kv.get(key)) });
  const publishing = publish(buildChangingRules(3), staleKv, SIGNER, NOW, undefined, { snapshot });
  await assert.rejects(publishing, PublishConflictError);
  assert.equal(kv.values.get(CURRENT_KEY), newest);
  assert.equal(kv.values.has(generationKey(3)), false);
});

test("Blobs of the replaced generation stay, even if the list of the history lacks it", async () => {
  const kv = new MemoryKv();
  const withoutRemovals = change(kv, { remove: () => Promise.reject(new Error("503")) });
  for (let turn = 1; turn < 20; turn++) await publish(buildChangingRules(turn), kv, SIGNER, addHours(turn));
  const { snapshot } = await publish(buildChangingRules(20), withoutRemovals, SIGNER, addHours(20));
  const blobs = listBlobKeys(snapshot.manifest ?? assert.fail());
  const since = Object.fromEntries(blobs.map((key) => [key, NOW.toISOString()])); // unneeded before this generation
  kv.values.set(COLLECTION_KEY, JSON.stringify(since));
  const list = async (prefix: string) => (await kv.list(prefix)).filter((key) => key !== generationKey(20));
  const staleKv = change(kv, { list });
  await publish(buildChangingRules(21), staleKv, SIGNER, addHours(30), undefined, { snapshot });
  assert.equal(kv.values.has(generationKey(1)), false); // history was pruned
  assert.deepEqual(
    blobs.filter((key) => !kv.values.has(key)),
    [],
  );
});

test("Two publications at the same moment never publish one number with two contents", async () => {
  const kv = new MemoryKv();
  await publish(buildChangingRules(1), kv, SIGNER, NOW);
  const currentValues: string[] = [];
  const put = kv.put.bind(kv);
  kv.put = async (entries) => {
    await put(entries);
    for (const { key, value } of entries) if (key === CURRENT_KEY) currentValues.push(value);
  };
  const lockstep = createLockstep();
  const results = await Promise.allSettled(
    [2, 3].map((turn) =>
      lockstep.run((onStep) => publish(buildChangingRules(turn), createInterruptibleKv(kv, onStep), SIGNER, NOW)),
    ),
  );
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  assert.equal(currentValues.length, 1);
  assert.equal(kv.values.get(generationKey(2)), currentValues[0]);
});
