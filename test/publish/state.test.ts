import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Ingress } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { PartialReadError } from "../../sync/publish/blobs.ts";
import { PublishConflictError } from "../../sync/publish/guard/write-fence.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { checkOwnership } from "../../sync/publish/state/namespace-owner.ts";
import {
  type ControllerState,
  type LoadedState,
  planState,
  readNamespaceOwner,
  readState,
  releaseNamespace,
  STATE_KEY,
  writeState,
} from "../../sync/publish/state/state.ts";
import { objects } from "../support/arbitraries.ts";
import { createInterruptibleKv } from "../support/interruptible-kv.ts";
import { MemoryKv } from "../support/memory-kv.ts";

const signer = createSigner(generateSigningKeys().privateKey);
const CLUSTER = "6e1b7d1c-4f9b-4a4e-9d0c-0a4c8b8e2d11";
const OTHER_CLUSTER = "0c8d2a55-1b1e-4a2f-8f6f-2f6f0e9b7a10";
const SINCE = "2026-03-01T12:00:00Z";
const KIB = 1024;

function buildNamedIngress(name: string, text = "a", bytes = 0): Ingress {
  return {
    namespace: "default",
    name,
    source: `/apis/networking.k8s.io/v1/namespaces/default/ingresses/${name}`,
    annotations: { "nginx.ingress.kubernetes.io/app-root": `/${text}${"x".repeat(bytes)}` },
    created: undefined,
    className: "edgress",
    defaultBackend: undefined,
    tls: [],
    rules: [{ host: `${name}.example.com`, paths: [] }],
  };
}

function buildIngresses(count: number, bytes = 0): Ingress[] {
  return Array.from({ length: count }, (_, index) => buildNamedIngress(`shop-${index}`, "a", bytes));
}

function buildState(
  ingresses: readonly Ingress[],
  brokenSince = {},
  cluster: string | undefined = CLUSTER,
): ControllerState {
  return { cluster, brokenSince, ingresses };
}

function sortByName(ingresses: readonly Ingress[]): Ingress[] {
  return ingresses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a ledger says, whatever way it lies in KV. */
function normalizeState({ cluster, brokenSince, ingresses }: ControllerState): ControllerState {
  return { cluster, brokenSince, ingresses: sortByName(ingresses) };
}

async function writeStateTo(
  kv: MemoryKv,
  desiredState: ControllerState,
  previousState?: LoadedState,
): Promise<LoadedState> {
  return (await writeState(kv, signer, previousState ?? (await readState(kv, signer)), desiredState)).state;
}

function listBlobs(kv: MemoryKv): string[] {
  return [...kv.values.keys()].filter((key) => key.startsWith("state/"));
}

describe("the ledger", () => {
  test("is empty, and nobody's, where there is none", async () => {
    const state = await readState(new MemoryKv(), signer);
    assert.deepEqual(normalizeState(state), { cluster: undefined, brokenSince: {}, ingresses: [] });
    assert.deepEqual(state.owner, { type: "none" });
  });

  test("reads back what was written: cluster, quarantine and Ingresses", async () => {
    const kv = new MemoryKv();
    const desiredState = buildState(buildIngresses(40, 8 * KIB), { "default/shop-1": SINCE });
    await writeStateTo(kv, desiredState);
    assert.deepEqual(normalizeState(await readState(kv, signer)), normalizeState(desiredState));
    assert.equal(listBlobs(kv).length, 8); // 40 of 8 KiB are 320 KiB
  });

  test("reads back any Ingress as it was collected, but for annotations that mean nothing here", async () => {
    await fc.assert(
      fc.asyncProperty(objects, async (all) => {
        const collectedIngresses = parseCluster(all.map((object) => ({ object, source: "in.yaml:1" }))).ingresses;
        const kv = new MemoryKv();
        await writeStateTo(kv, buildState(collectedIngresses));
        const storedIngresses = (await readState(kv, signer)).ingresses;
        const groupByName = (list: readonly Ingress[]) =>
          new Map(list.map((ingress) => [`${ingress.namespace}/${ingress.name}`, ingress]));
        assert.deepEqual(groupByName(storedIngresses), groupByName(collectedIngresses));
      }),
    );
  });

  test("keeps the annotations of our prefixes and the class, and none that a round itself writes", async () => {
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
    const [storedIngress] = (await readState(kv, signer)).ingresses;
    assert.deepEqual(storedIngress?.annotations, {
      "edgress.dev/app-root": "/1",
      "nginx.ingress.kubernetes.io/app-root": "/2",
      "ingress.kubernetes.io/app-root": "/3",
      "kubernetes.io/ingress.class": "edgress",
    });
  });

  test("costs one blob and itself where one Ingress changed, and removes the blob that it had", async () => {
    const kv = new MemoryKv();
    const ingresses = buildIngresses(200, 4 * KIB);
    const previousState = await writeStateTo(kv, buildState(ingresses));
    const blobs = listBlobs(kv).length;
    kv.writtenKeys.length = 0;
    const changedIngresses = ingresses.with(7, buildNamedIngress("shop-7", "b", 4 * KIB));
    const { writes, state: nextState } = await writeState(kv, signer, previousState, buildState(changedIngresses));
    assert.deepEqual([writes, kv.writtenKeys.length, kv.writtenKeys.at(-1)], [2, 2, STATE_KEY]);
    assert.equal(listBlobs(kv).length, blobs);
    assert.deepEqual(nextState.ingresses, changedIngresses);
    assert.deepEqual(normalizeState(await readState(kv, signer)), normalizeState(buildState(changedIngresses)));
  });

  test("costs itself alone where an Ingress is quarantined", async () => {
    const kv = new MemoryKv();
    const ingresses = buildIngresses(10);
    const previousState = await writeStateTo(kv, buildState(ingresses));
    kv.writtenKeys.length = 0;
    await writeStateTo(kv, buildState(ingresses, { "default/shop-1": SINCE }), previousState);
    assert.deepEqual(kv.writtenKeys, [STATE_KEY]);
  });

  test("incident: nothing changed, zero writes, in this process and in the next, in whatever order", async () => {
    const kv = new MemoryKv();
    const previousState = await writeStateTo(kv, buildState(buildIngresses(50, KIB), { "default/shop-1": SINCE }));
    kv.remainingWrites = 0;
    const sameState = buildState(structuredClone(previousState.ingresses).toReversed(), { "default/shop-1": SINCE });
    const firstResult = await writeState(kv, signer, previousState, sameState);
    const secondResult = await writeState(kv, signer, await readState(kv, signer), sameState);
    assert.deepEqual([firstResult.writes, firstResult.bytes, secondResult.writes, secondResult.bytes], [0, 0, 0, 0]);
  });

  test("looks at no Ingress twice that is the same object", async () => {
    let looks = 0;
    const buildWatchedIngress = (name: string): Ingress => ({
      ...buildNamedIngress(name),
      get rules() {
        looks++;
        return [];
      },
    });
    const ingresses = Array.from({ length: 20 }, (_, index) => buildWatchedIngress(`shop-${index}`));
    const firstPlan = planState(await readState(new MemoryKv(), signer), buildState(ingresses));
    looks = 0;
    const { blobs } = planState(firstPlan.nextState, buildState(ingresses.with(3, buildWatchedIngress("shop-3"))));
    assert.equal(looks, 1);
    assert.equal(blobs.size, 0); // it says the same
  });

  test("rejects where a blob is gone or spoilt, and is whole again once it was written after what could be read", async () => {
    for (const spoil of ["gone", "spoilt"]) {
      const kv = new MemoryKv();
      const ingresses = buildIngresses(200, 4 * KIB);
      await writeStateTo(kv, buildState(ingresses));
      const [key = ""] = listBlobs(kv);
      if (spoil === "gone") kv.values.delete(key);
      else kv.values.set(key, '{"ingresses":[]}');
      const partialState = await readState(kv, signer).then(
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
      assert.deepEqual(normalizeState(await readState(kv, signer)), normalizeState(buildState(ingresses)));
    }
  });

  test("incident: killed at any write it says the one or the other whole, and leaves nothing behind in the end", async () => {
    const oldState = buildState(buildIngresses(40, 4 * KIB), { "default/shop-3": SINCE });
    const newState = buildState([...buildIngresses(60, 5 * KIB), buildNamedIngress("late")]);
    for (let writes = 0; ; writes++) {
      const kv = new MemoryKv();
      const previousState = await writeStateTo(kv, oldState);
      kv.remainingWrites = writes;
      const isWritten = await writeState(kv, signer, previousState, newState).then(
        () => true,
        () => false,
      );
      const storedState = normalizeState(await readState(kv, signer));
      assert.deepEqual(
        storedState,
        storedState.ingresses.length === 40 ? normalizeState(oldState) : normalizeState(newState),
      );
      const isDone = kv.remainingWrites > 0;
      kv.remainingWrites = Number.POSITIVE_INFINITY;
      await writeStateTo(kv, buildState(newState.ingresses, { "default/late": SINCE }));
      const { shards } = await readState(kv, signer);
      const namedBlobs = shards.flatMap(({ digest }) => (digest === null ? [] : [`state/${digest}`]));
      assert.deepEqual(listBlobs(kv).toSorted(), namedBlobs.toSorted());
      if (isDone) return assert.ok(isWritten && writes > 8);
    }
  });

  test("incident: a KV that answers 503 at any step leaves it as it was or as it should be", async () => {
    const oldState = buildState(buildIngresses(40, 4 * KIB));
    const newState = buildState(buildIngresses(41, 4 * KIB));
    for (let step = 0; ; step++) {
      const kv = new MemoryKv();
      const previousState = await writeStateTo(kv, oldState);
      let remainingSteps = step;
      const failingKv = createInterruptibleKv(kv, () => {
        if (remainingSteps-- === 0) throw new Error("503");
      });
      const result = await writeState(failingKv, signer, previousState, newState).catch(
        (error: Error) => error.message,
      );
      const storedState = normalizeState(await readState(kv, signer));
      assert.deepEqual(
        storedState,
        storedState.ingresses.length === 40 ? normalizeState(oldState) : normalizeState(newState),
      );
      if (typeof result === "string") assert.equal(result, "503");
      if (remainingSteps >= 0) return assert.ok(step > 3);
    }
  });
});

describe("incident: two clusters and one KV namespace", () => {
  test("the cluster that owns it may publish, and any may where it is nobody's", async () => {
    const kv = new MemoryKv();
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, signer), CLUSTER), { ok: true });
    await writeStateTo(kv, buildState([]));
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, signer), CLUSTER), { ok: true });
    assert.deepEqual(checkOwnership(await readState(kv, signer), CLUSTER), { ok: true });
  });

  test("another is refused, with what to do", async () => {
    const kv = new MemoryKv();
    await writeStateTo(kv, buildState([]));
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, signer), OTHER_CLUSTER), {
      ok: false,
      problem:
        `this KV namespace belongs to another cluster: ${CLUSTER} (this cluster is ${OTHER_CLUSTER}). ` +
        "Use a separate KV namespace for this cluster, or take ownership with --take-ownership",
    });
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, signer), undefined), {
      ok: false,
      problem:
        `this KV namespace belongs to another cluster: ${CLUSTER}. ` +
        "Use another KV namespace, or stop that cluster's controller and take ownership with --take-ownership",
    });
  });

  for (const [what, spoil] of [
    ["is signed with another key", () => createSigner(generateSigningKeys().privateKey).sign("{}")],
    ["is of a newer format", () => signer.sign('{"brokenSince":{},"cluster":null,"format":2,"ingresses":[]}')],
    ["is garbage", () => "{"],
  ] as const) {
    test(`one whose ledger ${what} is refused, and may be taken over`, async () => {
      const kv = new MemoryKv();
      kv.values.set(STATE_KEY, spoil());
      const state = await readState(kv, signer);
      assert.deepEqual(checkOwnership(state, CLUSTER), {
        ok: false,
        problem:
          "this KV namespace belongs to a controller with another signing key, or of a newer version. " +
          "Use a separate KV namespace for this cluster, or take ownership with --take-ownership",
      });
      await writeStateTo(kv, buildState([]), state);
      assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, signer), CLUSTER), { ok: true });
    });
  }

  test("it is taken over, with what the other had kept there", async () => {
    const kv = new MemoryKv();
    await writeStateTo(kv, buildState(buildIngresses(5)));
    const previousState = await readState(kv, signer);
    await writeStateTo(kv, buildState([buildNamedIngress("mine")], {}, OTHER_CLUSTER), previousState);
    assert.deepEqual((await readNamespaceOwner(kv, signer)).owner, { type: "cluster", cluster: OTHER_CLUSTER });
    assert.equal(listBlobs(kv).length, 1);
  });

  test("of two that find it nobody's the second one gives way", async () => {
    const kv = new MemoryKv();
    const sharedState = await readState(kv, signer);
    await writeStateTo(kv, buildState([]), sharedState);
    const secondWrite = writeState(kv, signer, sharedState, buildState([], {}, OTHER_CLUSTER));
    await assert.rejects(secondWrite, (error: Error) => {
      assert.ok(error instanceof PublishConflictError);
      assert.match(
        error.message,
        new RegExp(`^this KV namespace belongs to another cluster: ${CLUSTER} \\(this cluster is`),
      );
      return true;
    });
    assert.deepEqual((await readNamespaceOwner(kv, signer)).owner, { type: "cluster", cluster: CLUSTER });
  });

  test("one that was given up is nobody's", async () => {
    const kv = new MemoryKv();
    await writeStateTo(kv, buildState(buildIngresses(5)));
    await releaseNamespace(kv, signer);
    assert.deepEqual(checkOwnership(await readNamespaceOwner(kv, signer), OTHER_CLUSTER), { ok: true });
    await writeStateTo(kv, buildState([], {}, OTHER_CLUSTER));
    assert.deepEqual(listBlobs(kv), []);
  });
});
