import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PublishConflictError } from "../../../sync/publish/guard/write-fence.ts";
import { createSigner, createVerifier, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { checkOwnership } from "../../../sync/publish/state/namespace-owner.ts";
import {
  readNamespaceOwner,
  readState,
  releaseNamespace,
  STATE_KEY,
  writeState,
} from "../../../sync/publish/state/state.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import {
  buildIngresses,
  buildNamedIngress,
  buildState,
  CLUSTER,
  listBlobs,
  OTHER_CLUSTER,
  writeStateTo,
} from "../../support/publish/sample-state.ts";
import { SIGNER } from "../../support/publish/signing.ts";

describe("the owner of a KV namespace", () => {
  test("The owner of a KV namespace may publish, and any cluster may publish to an unowned one", async () => {
    const kv = new MemoryKv();
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, SIGNER), CLUSTER), { ok: true });
    await writeStateTo(kv, buildState([]));
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, SIGNER), CLUSTER), { ok: true });
    assert.deepEqual(checkOwnership(await readState(kv, SIGNER), CLUSTER), { ok: true });
  });

  test("A state with the signature of an old key is read while keys are rotated, and the next write signs it again", async () => {
    const kv = new MemoryKv();
    const oldSigner = createSigner(generateSigningKeys().privateKey);
    const ingresses = buildIngresses(1);
    await writeState(kv, oldSigner, await readState(kv, oldSigner), buildState(ingresses));
    assert.deepEqual(await readNamespaceOwner(kv, SIGNER), { owner: { type: "unknown" } });
    const verifier = createVerifier([oldSigner.publicKey, SIGNER.publicKey]);
    const state = await readState(kv, SIGNER, verifier);
    assert.deepEqual(state.owner, { type: "cluster", cluster: CLUSTER });
    assert.deepEqual(
      state.ingresses.map(({ name }) => name),
      ["shop-0"],
    );
    assert.equal((await writeState(kv, SIGNER, state, buildState(state.ingresses))).writes, 1);
    assert.deepEqual(await readNamespaceOwner(kv, SIGNER), { owner: { type: "cluster", cluster: CLUSTER } });
  });

  test("Another cluster is rejected with a remedy", async () => {
    const kv = new MemoryKv();
    await writeStateTo(kv, buildState([]));
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, SIGNER), OTHER_CLUSTER), {
      ok: false,
      problem:
        `this KV namespace belongs to another cluster: ${CLUSTER} (this cluster is ${OTHER_CLUSTER}). ` +
        "Use a separate KV namespace for this cluster, or take ownership with --take-ownership",
    });
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, SIGNER), undefined), {
      ok: false,
      problem:
        `this KV namespace belongs to another cluster: ${CLUSTER}. ` +
        "Use another KV namespace, or stop that cluster's controller and take ownership with --take-ownership",
    });
  });

  for (const [condition, spoil] of [
    ["has the signature of another key", () => createSigner(generateSigningKeys().privateKey).sign("{}")],
    ["has a newer format", () => SIGNER.sign('{"brokenSince":{},"cluster":null,"format":2,"ingresses":[]}')],
    ["is not JSON", () => "{"],
  ] as const) {
    test(`A namespace whose state ${condition} is rejected, and --take-ownership may overwrite it`, async () => {
      const kv = new MemoryKv();
      kv.values.set(STATE_KEY, spoil());
      const state = await readState(kv, SIGNER);
      assert.deepEqual(checkOwnership(state, CLUSTER), {
        ok: false,
        problem:
          "this KV namespace belongs to a controller with another EDGRESS_SIGNING_KEY, or of a newer version. " +
          "Use a separate KV namespace for this cluster, or take ownership with --take-ownership",
      });
      await writeStateTo(kv, buildState([]), state);
      assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, SIGNER), CLUSTER), { ok: true });
    });
  }

  test("A new owner replaces the state of the former owner", async () => {
    const kv = new MemoryKv();
    await writeStateTo(kv, buildState(buildIngresses(5)));
    const previousState = await readState(kv, SIGNER);
    await writeStateTo(kv, buildState([buildNamedIngress("mine")], {}, OTHER_CLUSTER), previousState);
    assert.deepEqual((await readNamespaceOwner(kv, SIGNER)).owner, { type: "cluster", cluster: OTHER_CLUSTER });
    assert.equal(listBlobs(kv).length, 1);
  });

  test("The second of two clusters that claim an unowned namespace is rejected", async () => {
    const kv = new MemoryKv();
    const sharedState = await readState(kv, SIGNER);
    await writeStateTo(kv, buildState([]), sharedState);
    const secondWrite = writeState(kv, SIGNER, sharedState, buildState([], {}, OTHER_CLUSTER));
    await assert.rejects(secondWrite, (error: Error) => {
      assert.ok(error instanceof PublishConflictError);
      assert.match(
        error.message,
        new RegExp(`^this KV namespace belongs to another cluster: ${CLUSTER} \\(this cluster is`),
      );
      return true;
    });
    assert.deepEqual((await readNamespaceOwner(kv, SIGNER)).owner, { type: "cluster", cluster: CLUSTER });
  });

  test("A released namespace is unowned", async () => {
    const kv = new MemoryKv();
    await writeStateTo(kv, buildState(buildIngresses(5)));
    await releaseNamespace(kv, SIGNER);
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, SIGNER), OTHER_CLUSTER), { ok: true });
    await writeStateTo(kv, buildState([], {}, OTHER_CLUSTER));
    assert.deepEqual(listBlobs(kv), []);
  });
});
