import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PartialReadError } from "../../../sync/publish/blobs.ts";
import { type LoadedState, readState, writeState } from "../../../sync/publish/state/state.ts";
import { createInterruptibleKv } from "../../support/interruptible-kv.ts";
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

describe("an interrupted write of the controller state", () => {
  test("A missing or invalid blob rejects the read, and the next write completes the state", async () => {
    for (const spoil of ["gone", "spoilt"]) {
      const kv = new MemoryKv();
      const ingresses = buildIngresses(200, 4 * KIB);
      await writeStateTo(kv, buildState(ingresses));
      const [key = ""] = listBlobs(kv);
      if (spoil === "gone") kv.values.delete(key);
      else kv.values.set(key, '{"ingresses":[]}');
      const partialState = await readState(kv, SIGNER).then(
        () => assert.fail(),
        (error: PartialReadError<LoadedState>) => {
          assert.ok(error instanceof PartialReadError);
          const problem = spoil === "gone" ? "is not in KV" : "does not match its digest";
          assert.equal(
            error.message,
            `controller state in KV is incomplete: blob ${key.slice("state/".length)} ${problem}`,
          );
          return error.partialResult;
        },
      );
      assert.ok(partialState.ingresses.length > 0 && partialState.ingresses.length < 200);
      await writeStateTo(kv, buildState(ingresses), partialState);
      assert.deepEqual(normalizeState(await readState(kv, SIGNER)), normalizeState(buildState(ingresses)));
    }
  });

  test("A write that stops at any key leaves the old or the new state whole, and the next write removes the rest", async () => {
    const oldState = buildState(buildIngresses(40, 4 * KIB), { "default/shop-3": SINCE });
    const newState = buildState([...buildIngresses(60, 5 * KIB), buildNamedIngress("late")]);
    for (let writes = 0; ; writes++) {
      const kv = new MemoryKv();
      const previousState = await writeStateTo(kv, oldState);
      kv.remainingWrites = writes;
      const isWritten = await writeState(kv, SIGNER, previousState, newState).then(
        () => true,
        () => false,
      );
      const storedState = normalizeState(await readState(kv, SIGNER));
      assert.deepEqual(
        storedState,
        storedState.ingresses.length === 40 ? normalizeState(oldState) : normalizeState(newState),
      );
      const isDone = kv.remainingWrites > 0;
      kv.remainingWrites = Number.POSITIVE_INFINITY;
      await writeStateTo(kv, buildState(newState.ingresses, { "default/late": SINCE }));
      const { shards } = await readState(kv, SIGNER);
      const namedBlobs = shards.flatMap(({ digest }) => (digest === null ? [] : [`state/${digest}`]));
      assert.deepEqual(listBlobs(kv).toSorted(), namedBlobs.toSorted());
      if (isDone) return assert.ok(isWritten && writes > 8);
    }
  });

  test("A 503 at any step leaves the old or the new state whole", async () => {
    const oldState = buildState(buildIngresses(40, 4 * KIB));
    const newState = buildState(buildIngresses(41, 4 * KIB));
    for (let step = 0; ; step++) {
      const kv = new MemoryKv();
      const previousState = await writeStateTo(kv, oldState);
      let remainingSteps = step;
      const failingKv = createInterruptibleKv(kv, () => {
        if (remainingSteps-- === 0) throw new Error("503");
      });
      const result = await writeState(failingKv, SIGNER, previousState, newState).catch(
        (error: Error) => error.message,
      );
      const storedState = normalizeState(await readState(kv, SIGNER));
      assert.deepEqual(
        storedState,
        storedState.ingresses.length === 40 ? normalizeState(oldState) : normalizeState(newState),
      );
      if (typeof result === "string") assert.equal(result, "503");
      if (remainingSteps >= 0) return assert.ok(step > 3);
    }
  });
});
