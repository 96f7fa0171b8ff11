import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeferredWriteResult, writeStateWhenDue } from "../../../sync/publish/state/deferred-state.ts";
import { readState, STATE_KEY } from "../../../sync/publish/state/state.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { buildNamedIngress, buildState, OTHER_CLUSTER, writeStateTo } from "../../support/publish/sample-state.ts";
import { SIGNER } from "../../support/publish/signing.ts";

const DELAY_MS = 60_000;

/** A KV namespace with a written state, and a function that asks for another one at a time in milliseconds. */
async function startWithState() {
  const kv = new MemoryKv();
  let last: DeferredWriteResult = {
    state: await writeStateTo(kv, buildState([buildNamedIngress("shop", "old")])),
    writes: 0,
    bytes: 0,
    deferredState: undefined,
  };
  const from = kv.writtenKeys.length;
  return {
    countStateWrites: () => kv.writtenKeys.slice(from).filter((key) => key === STATE_KEY).length,
    async request(
      text: string,
      now: number,
      { isUrgent = false, cluster }: { isUrgent?: boolean; cluster?: string } = {},
    ) {
      const desiredState = buildState([buildNamedIngress("shop", text)], {}, cluster);
      const timing = { delayMs: DELAY_MS, now, isUrgent };
      last = await writeStateWhenDue(kv, SIGNER, last.state, desiredState, timing, last.deferredState);
    },
    deferredState: () => last.deferredState,
    readAppRoot: async () => {
      const [ingress] = (await readState(kv, SIGNER)).ingresses;
      return ingress?.annotations["nginx.ingress.kubernetes.io/app-root"];
    },
  };
}

describe("a deferred controller state", () => {
  test("Changes are collected from the first one on for the delay, and written once, as the last of them is", async () => {
    const namespace = await startWithState();
    await namespace.request("1", 0);
    await namespace.request("2", 30_000);
    await namespace.request("3", 59_999);
    assert.equal(namespace.countStateWrites(), 0);
    assert.equal(await namespace.readAppRoot(), "/old");
    await namespace.request("3", 60_000);
    assert.equal(namespace.countStateWrites(), 1);
    assert.equal(await namespace.readAppRoot(), "/3");
    assert.equal(namespace.deferredState(), undefined);
    await namespace.request("3", 200_000);
    assert.equal(namespace.countStateWrites(), 1);
  });

  test("A change that is taken back within the delay is not written", async () => {
    const namespace = await startWithState();
    await namespace.request("new", 0);
    await namespace.request("old", 1);
    assert.equal(namespace.deferredState(), undefined);
    await namespace.request("old", 60_001);
    assert.equal(namespace.countStateWrites(), 0);
  });

  test("An urgent change and a new owner are written at once", async () => {
    const namespace = await startWithState();
    await namespace.request("urgent", 0, { isUrgent: true });
    assert.equal(await namespace.readAppRoot(), "/urgent");
    await namespace.request("other", 1, { cluster: OTHER_CLUSTER });
    assert.equal(await namespace.readAppRoot(), "/other");
    assert.equal(namespace.countStateWrites(), 2);
  });
});
