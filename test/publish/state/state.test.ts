import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Ingress } from "../../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import { computeDigest, toCanonicalJson } from "../../../sync/publish/canonical-json.ts";
import { planState, readState, STATE_KEY, writeState } from "../../../sync/publish/state/state.ts";
import { readVerdicts } from "../../../sync/publish/state/stored-verdicts.ts";
import { objects } from "../../support/arbitraries.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import {
  buildIngresses,
  buildNamedIngress,
  buildState,
  listBlobs,
  normalizeState,
  SINCE,
  writeStateTo,
} from "../../support/publish/sample-state.ts";
import { SIGNER } from "../../support/publish/signing.ts";

const KIB = 1024;

describe("the controller state", () => {
  test("The state of an empty KV is empty and without an owner", async () => {
    const state = await readState(new MemoryKv(), SIGNER);
    assert.deepEqual(normalizeState(state), {
      cluster: undefined,
      brokenSince: {},
      ingresses: [],
      regexVerdicts: [],
    });
    assert.deepEqual(state.owner, { type: "none" });
  });

  test("The state is read as it was written: cluster, last good Ingresses and dates", async () => {
    const kv = new MemoryKv();
    const desiredState = buildState(buildIngresses(40, 8 * KIB), { "default/shop-1": SINCE });
    await writeStateTo(kv, desiredState);
    assert.deepEqual(normalizeState(await readState(kv, SIGNER)), normalizeState(desiredState));
    const blobCount = listBlobs(kv).length; // 40 of 8 KiB are 320 KiB: 8 shards. With a random key, some can be empty
    assert.ok(blobCount > 4 && blobCount <= 8, String(blobCount));
  });

  test("The regex verdicts are read as they were written, and are written once", async () => {
    const kv = new MemoryKv();
    const verdict = { type: "unsafe", problem: "the time to match it can grow exponentially" } as const;
    const regexVerdicts = [{ pattern: "^/(a+)+$", verdict, attempts: 1, checkedAt: 1_790_000_000_000 }];
    const desiredState = { ...buildState(buildIngresses(1)), regexVerdicts };
    const writtenState = await writeStateTo(kv, desiredState);
    assert.deepEqual((await readState(kv, SIGNER)).regexVerdicts, regexVerdicts);
    assert.equal((await writeState(kv, SIGNER, writtenState, desiredState)).writes, 0);
  });

  test("Lost regex verdicts do not block the state, and are written again", async () => {
    const kv = new MemoryKv();
    const verdict = { type: "safe", maxBytes: 1024 } as const;
    const regexVerdicts = [{ pattern: "^/.*a.*b", verdict, attempts: 1, checkedAt: 0 }];
    const desiredState = { ...buildState([]), regexVerdicts };
    await writeStateTo(kv, desiredState);
    for (const key of listBlobs(kv)) kv.values.delete(key);
    assert.deepEqual((await readState(kv, SIGNER)).regexVerdicts, []);
    await writeStateTo(kv, desiredState);
    assert.deepEqual((await readState(kv, SIGNER)).regexVerdicts, regexVerdicts);
  });

  test("Regex verdicts of another version of the check are not used", async () => {
    const kv = new MemoryKv();
    const verdicts = [{ pattern: "^/(a?){25}x", verdict: { type: "safe", maxBytes: 4096 }, attempts: 1, checkedAt: 0 }];
    for (const [blob, expectedVerdicts] of [
      [{ check: 2, verdicts }, verdicts],
      [{ check: 1, verdicts }, []],
      [verdicts, []], // the format of version 1
    ] as const) {
      const text = toCanonicalJson(blob);
      const digest = computeDigest(text);
      await kv.put([{ key: `state/${digest}`, value: text }]);
      assert.deepEqual(
        (await readVerdicts(kv, digest, (blobDigest) => `state/${blobDigest}`)).verdicts,
        expectedVerdicts,
      );
    }
  });

  test("Any collected Ingress is read as it was written, without its ignored annotations", async () => {
    await fc.assert(
      fc.asyncProperty(objects, async (all) => {
        const collectedIngresses = parseCluster(all.map((object) => ({ object, source: "in.yaml:1" }))).ingresses;
        const kv = new MemoryKv();
        await writeStateTo(kv, buildState(collectedIngresses));
        const storedIngresses = (await readState(kv, SIGNER)).ingresses;
        const groupByName = (list: readonly Ingress[]) =>
          new Map(
            list.map(({ ignoredAnnotations: _, ...ingress }) => [`${ingress.namespace}/${ingress.name}`, ingress]),
          );
        assert.deepEqual(groupByName(storedIngresses), groupByName(collectedIngresses));
      }),
    );
  });

  test("The state keeps annotations with a known prefix and the class, except those that edgress writes", async () => {
    const kv = new MemoryKv();
    const annotations = {
      "edgress.dev/app-root": "/1",
      "edgress.dev/live-generation": "7",
      "nginx.ingress.kubernetes.io/app-root": "/2",
      "ingress.kubernetes.io/app-root": "/3",
      "kubernetes.io/ingress.class": "edgress",
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
      "cert-manager.io/cluster-issuer": "x",
    };
    await writeStateTo(kv, buildState([{ ...buildNamedIngress("shop"), annotations }]));
    const [storedIngress] = (await readState(kv, SIGNER)).ingresses;
    assert.deepEqual(storedIngress?.annotations, {
      "edgress.dev/app-root": "/1",
      "nginx.ingress.kubernetes.io/app-root": "/2",
      "ingress.kubernetes.io/app-root": "/3",
      "kubernetes.io/ingress.class": "edgress",
    });
  });

  test("One changed Ingress causes two writes, one blob and the state, and the old blob is removed", async () => {
    const kv = new MemoryKv();
    const ingresses = buildIngresses(200, 4 * KIB);
    const previousState = await writeStateTo(kv, buildState(ingresses));
    const blobs = listBlobs(kv).length;
    kv.writtenKeys.length = 0;
    const changedIngresses = ingresses.with(7, buildNamedIngress("shop-7", "b", 4 * KIB));
    const { writes, state: nextState } = await writeState(kv, SIGNER, previousState, buildState(changedIngresses));
    assert.deepEqual([writes, kv.writtenKeys.length, kv.writtenKeys.at(-1)], [2, 2, STATE_KEY]);
    assert.equal(listBlobs(kv).length, blobs);
    assert.deepEqual(nextState.ingresses, changedIngresses);
    assert.deepEqual(normalizeState(await readState(kv, SIGNER)), normalizeState(buildState(changedIngresses)));
  });

  test("An Ingress that becomes broken causes one write, the state", async () => {
    const kv = new MemoryKv();
    const ingresses = buildIngresses(10);
    const previousState = await writeStateTo(kv, buildState(ingresses));
    kv.writtenKeys.length = 0;
    await writeStateTo(kv, buildState(ingresses, { "default/shop-1": SINCE }), previousState);
    assert.deepEqual(kv.writtenKeys, [STATE_KEY]);
  });

  test("An unchanged state in any order causes no write, in this process and in the next", async () => {
    const kv = new MemoryKv();
    const previousState = await writeStateTo(kv, buildState(buildIngresses(50, KIB), { "default/shop-1": SINCE }));
    kv.remainingWrites = 0;
    const sameState = buildState(structuredClone(previousState.ingresses).toReversed(), { "default/shop-1": SINCE });
    const firstResult = await writeState(kv, SIGNER, previousState, sameState);
    const secondResult = await writeState(kv, SIGNER, await readState(kv, SIGNER), sameState);
    assert.deepEqual([firstResult.writes, firstResult.bytes, secondResult.writes, secondResult.bytes], [0, 0, 0, 0]);
  });

  test("An unchanged Ingress object is serialized once", async () => {
    let reads = 0;
    const buildWatchedIngress = (name: string): Ingress => ({
      ...buildNamedIngress(name),
      get rules() {
        reads++;
        return [];
      },
    });
    const ingresses = Array.from({ length: 20 }, (_, index) => buildWatchedIngress(`shop-${index}`));
    const firstPlan = planState(await readState(new MemoryKv(), SIGNER), buildState(ingresses), SIGNER.hashKey);
    reads = 0;
    const { blobs } = planState(
      firstPlan.nextState,
      buildState(ingresses.with(3, buildWatchedIngress("shop-3"))),
      SIGNER.hashKey,
    );
    assert.equal(reads, 1);
    assert.equal(blobs.size, 0); // its content is the same
  });
});
