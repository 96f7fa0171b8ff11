import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Ingress } from "../sync/collect/cluster.ts";
import { clusterOf } from "../sync/collect/objects.ts";
import { PartlyReadError } from "../sync/publish/blobs.ts";
import { SupersededError } from "../sync/publish/fence.ts";
import {
  disown,
  type HeldLedger,
  LEDGER_KEY,
  type Ledger,
  planLedger,
  readLedger,
  readOwner,
  writeLedger,
} from "../sync/publish/ledger.ts";
import { ownedBy } from "../sync/publish/owner.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { objects } from "./support/arbitraries.ts";
import { MemoryKv } from "./support/memory-kv.ts";
import { stepped } from "./support/stepped-kv.ts";

const signer = signerOf(generateKeys().privateKey);
const CLUSTER = "6e1b7d1c-4f9b-4a4e-9d0c-0a4c8b8e2d11";
const OTHER = "0c8d2a55-1b1e-4a2f-8f6f-2f6f0e9b7a10";
const SINCE = "2026-03-01T12:00:00Z";
const KIB = 1024;

function ingress(name: string, text = "a", bytes = 0): Ingress {
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

function ingresses(count: number, bytes = 0): Ingress[] {
  return Array.from({ length: count }, (_, index) => ingress(`shop-${index}`, "a", bytes));
}

function ledgerOf(all: readonly Ingress[], quarantined = {}, cluster: string | undefined = CLUSTER): Ledger {
  return { cluster, quarantined, ingresses: all };
}

function byName(all: readonly Ingress[]): Ingress[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a ledger says, whatever way it lies in KV. */
function saidBy({ cluster, quarantined, ingresses }: Ledger): Ledger {
  return { cluster, quarantined, ingresses: byName(ingresses) };
}

async function write(kv: MemoryKv, wanted: Ledger, before?: HeldLedger): Promise<HeldLedger> {
  return (await writeLedger(kv, signer, before ?? (await readLedger(kv, signer)), wanted)).held;
}

function blobsIn(kv: MemoryKv): string[] {
  return [...kv.values.keys()].filter((key) => key.startsWith("ledger/"));
}

describe("the ledger", () => {
  test("is empty, and nobody's, where there is none", async () => {
    const ledger = await readLedger(new MemoryKv(), signer);
    assert.deepEqual(saidBy(ledger), { cluster: undefined, quarantined: {}, ingresses: [] });
    assert.deepEqual(ledger.owner, { type: "nobody" });
  });

  test("reads back what was written: cluster, quarantine and Ingresses", async () => {
    const kv = new MemoryKv();
    const wanted = ledgerOf(ingresses(40, 8 * KIB), { "default/shop-1": SINCE });
    await write(kv, wanted);
    assert.deepEqual(saidBy(await readLedger(kv, signer)), saidBy(wanted));
    assert.equal(blobsIn(kv).length, 8); // 40 of 8 KiB are 320 KiB
  });

  test("reads back any Ingress as it was collected, but for annotations that mean nothing here", async () => {
    await fc.assert(
      fc.asyncProperty(objects, async (all) => {
        const collected = clusterOf(all.map((object) => ({ object, source: "in.yaml:1" }))).ingresses;
        const kv = new MemoryKv();
        await write(kv, ledgerOf(collected));
        const read = (await readLedger(kv, signer)).ingresses;
        const named = (list: readonly Ingress[]) =>
          new Map(list.map((each) => [`${each.namespace}/${each.name}`, each]));
        assert.deepEqual(named(read), named(collected));
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
    await write(kv, ledgerOf([{ ...ingress("shop"), annotations }]));
    const [kept] = (await readLedger(kv, signer)).ingresses;
    assert.deepEqual(kept?.annotations, {
      "edgress.dev/app-root": "/1",
      "nginx.ingress.kubernetes.io/app-root": "/2",
      "ingress.kubernetes.io/app-root": "/3",
      "kubernetes.io/ingress.class": "edgress",
    });
  });

  test("costs one blob and itself where one Ingress changed, and removes the blob that it had", async () => {
    const kv = new MemoryKv();
    const all = ingresses(200, 4 * KIB);
    const held = await write(kv, ledgerOf(all));
    const blobs = blobsIn(kv).length;
    kv.written.length = 0;
    const changed = all.with(7, ingress("shop-7", "b", 4 * KIB));
    const { writes, held: next } = await writeLedger(kv, signer, held, ledgerOf(changed));
    assert.deepEqual([writes, kv.written.length, kv.written.at(-1)], [2, 2, LEDGER_KEY]);
    assert.equal(blobsIn(kv).length, blobs);
    assert.deepEqual(next.ingresses, changed);
    assert.deepEqual(saidBy(await readLedger(kv, signer)), saidBy(ledgerOf(changed)));
  });

  test("costs itself alone where an Ingress is quarantined", async () => {
    const kv = new MemoryKv();
    const all = ingresses(10);
    const held = await write(kv, ledgerOf(all));
    kv.written.length = 0;
    await write(kv, ledgerOf(all, { "default/shop-1": SINCE }), held);
    assert.deepEqual(kv.written, [LEDGER_KEY]);
  });

  test("incident: nothing changed, zero writes, in this process and in the next, in whatever order", async () => {
    const kv = new MemoryKv();
    const held = await write(kv, ledgerOf(ingresses(50, KIB), { "default/shop-1": SINCE }));
    kv.left = 0;
    const same = ledgerOf(structuredClone(held.ingresses).toReversed(), { "default/shop-1": SINCE });
    const inThis = await writeLedger(kv, signer, held, same);
    const inNext = await writeLedger(kv, signer, await readLedger(kv, signer), same);
    assert.deepEqual([inThis.writes, inThis.bytes, inNext.writes, inNext.bytes], [0, 0, 0, 0]);
  });

  test("looks at no Ingress twice that is the same object", async () => {
    let looks = 0;
    const watched = (name: string): Ingress => ({
      ...ingress(name),
      get rules() {
        looks++;
        return [];
      },
    });
    const all = Array.from({ length: 20 }, (_, index) => watched(`shop-${index}`));
    const first = planLedger(await readLedger(new MemoryKv(), signer), ledgerOf(all));
    looks = 0;
    const { blobs } = planLedger(first.after, ledgerOf(all.with(3, watched("shop-3"))));
    assert.equal(looks, 1);
    assert.equal(blobs.size, 0); // it says the same
  });

  test("rejects where a blob is gone or spoilt, and is whole again once it was written after what could be read", async () => {
    for (const spoil of ["gone", "spoilt"]) {
      const kv = new MemoryKv();
      const all = ingresses(200, 4 * KIB);
      await write(kv, ledgerOf(all));
      const [key = ""] = blobsIn(kv);
      if (spoil === "gone") kv.values.delete(key);
      else kv.values.set(key, '{"ingresses":[]}');
      const rest = await readLedger(kv, signer).then(
        () => assert.fail(),
        (error: PartlyReadError<HeldLedger>) => {
          assert.ok(error instanceof PartlyReadError);
          const problem = spoil === "gone" ? "is not in KV" : "has other bytes than its name says";
          assert.equal(error.message, `of the ledger in KV, blob ${key.slice("ledger/".length)} ${problem}`);
          return error.rest;
        },
      );
      assert.ok(rest.ingresses.length > 0 && rest.ingresses.length < 200);
      await write(kv, ledgerOf(all), rest);
      assert.deepEqual(saidBy(await readLedger(kv, signer)), saidBy(ledgerOf(all)));
    }
  });

  test("incident: killed at any write it says the one or the other whole, and leaves nothing behind in the end", async () => {
    const before = ledgerOf(ingresses(40, 4 * KIB), { "default/shop-3": SINCE });
    const after = ledgerOf([...ingresses(60, 5 * KIB), ingress("late")]);
    for (let writes = 0; ; writes++) {
      const kv = new MemoryKv();
      const held = await write(kv, before);
      kv.left = writes;
      const ended = await writeLedger(kv, signer, held, after).then(
        () => true,
        () => false,
      );
      const left = saidBy(await readLedger(kv, signer));
      assert.deepEqual(left, left.ingresses.length === 40 ? saidBy(before) : saidBy(after));
      const isDone = kv.left > 0;
      kv.left = Number.POSITIVE_INFINITY;
      await write(kv, ledgerOf(after.ingresses, { "default/late": SINCE }));
      const { groups } = await readLedger(kv, signer);
      const named = groups.flatMap(({ digest }) => (digest === null ? [] : [`ledger/${digest}`]));
      assert.deepEqual(blobsIn(kv).toSorted(), named.toSorted());
      if (isDone) return assert.ok(ended && writes > 8);
    }
  });

  test("incident: a KV that answers 503 at any step leaves it as it was or as it should be", async () => {
    const before = ledgerOf(ingresses(40, 4 * KIB));
    const after = ledgerOf(ingresses(41, 4 * KIB));
    for (let step = 0; ; step++) {
      const kv = new MemoryKv();
      const held = await write(kv, before);
      let left = step;
      const failing = stepped(kv, () => {
        if (left-- === 0) throw new Error("503");
      });
      const ended = await writeLedger(failing, signer, held, after).catch((error: Error) => error.message);
      const said = saidBy(await readLedger(kv, signer));
      assert.deepEqual(said, said.ingresses.length === 40 ? saidBy(before) : saidBy(after));
      if (typeof ended === "string") assert.equal(ended, "503");
      if (left >= 0) return assert.ok(step > 3);
    }
  });
});

describe("incident: two clusters and one KV namespace", () => {
  test("the cluster that owns it may publish, and any may where it is nobody's", async () => {
    const kv = new MemoryKv();
    assert.deepEqual(ownedBy(await readOwner(kv, signer), CLUSTER), { ok: true });
    await write(kv, ledgerOf([]));
    assert.deepEqual(ownedBy(await readOwner(kv, signer), CLUSTER), { ok: true });
    assert.deepEqual(ownedBy(await readLedger(kv, signer), CLUSTER), { ok: true });
  });

  test("another is refused, with what to do", async () => {
    const kv = new MemoryKv();
    await write(kv, ledgerOf([]));
    assert.deepEqual(ownedBy(await readOwner(kv, signer), OTHER), {
      ok: false,
      problem:
        `this KV namespace belongs to the cluster ${CLUSTER}, and this is ${OTHER}: ` +
        "give this cluster a KV namespace of its own, or take that one over with --take-over",
    });
    assert.deepEqual(ownedBy(await readOwner(kv, signer), undefined), {
      ok: false,
      problem:
        `this KV namespace belongs to the cluster ${CLUSTER}: ` +
        "publish to another, or stop that cluster's sync job and take it over with --take-over",
    });
  });

  for (const [what, spoil] of [
    ["is signed with another key", () => signerOf(generateKeys().privateKey).seal("{}")],
    ["is of a newer format", () => signer.seal('{"cluster":null,"format":2,"ingresses":[],"quarantined":{}}')],
    ["is garbage", () => "{"],
  ] as const) {
    test(`one whose ledger ${what} is refused, and may be taken over`, async () => {
      const kv = new MemoryKv();
      kv.values.set(LEDGER_KEY, spoil());
      const ledger = await readLedger(kv, signer);
      assert.deepEqual(ownedBy(ledger, CLUSTER), {
        ok: false,
        problem:
          "this KV namespace belongs to a sync job with another signing key, or of a newer version: " +
          "give this cluster a KV namespace of its own, or take that one over with --take-over",
      });
      await write(kv, ledgerOf([]), ledger);
      assert.deepEqual(ownedBy(await readOwner(kv, signer), CLUSTER), { ok: true });
    });
  }

  test("it is taken over, with what the other had kept there", async () => {
    const kv = new MemoryKv();
    await write(kv, ledgerOf(ingresses(5)));
    const before = await readLedger(kv, signer);
    await write(kv, ledgerOf([ingress("mine")], {}, OTHER), before);
    assert.deepEqual((await readOwner(kv, signer)).owner, { type: "cluster", cluster: OTHER });
    assert.equal(blobsIn(kv).length, 1);
  });

  test("of two that find it nobody's the second one gives way", async () => {
    const kv = new MemoryKv();
    const seenByBoth = await readLedger(kv, signer);
    await write(kv, ledgerOf([]), seenByBoth);
    const second = writeLedger(kv, signer, seenByBoth, ledgerOf([], {}, OTHER));
    await assert.rejects(second, (error: Error) => {
      assert.ok(error instanceof SupersededError);
      assert.match(error.message, new RegExp(`^this KV namespace belongs to the cluster ${CLUSTER}, and this is`));
      return true;
    });
    assert.deepEqual((await readOwner(kv, signer)).owner, { type: "cluster", cluster: CLUSTER });
  });

  test("one that was given up is nobody's", async () => {
    const kv = new MemoryKv();
    await write(kv, ledgerOf(ingresses(5)));
    await disown(kv, signer);
    assert.deepEqual(ownedBy(await readOwner(kv, signer), OTHER), { ok: true });
    await write(kv, ledgerOf([], {}, OTHER));
    assert.deepEqual(blobsIn(kv), []);
  });
});
