import assert from "node:assert/strict";
import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../../sync/cloudflare/kv.ts";
import type { Ingress } from "../../../sync/collect/cluster-model.ts";
import { PartialReadError } from "../../../sync/publish/blobs.ts";
import { NO_FENCE, PublishConflictError, type WriteFence } from "../../../sync/publish/guard/write-fence.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { readPublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { readState, writeState } from "../../../sync/publish/state/state.ts";
import type { KvStepHook } from "../interruptible-kv.ts";
import { MemoryKv } from "../memory-kv.ts";
import { buildHostRules, buildRules, generateHosts, readAllShards, sortByHost } from "./sample-rules.ts";
import { KEYS, NOW, SIGNER } from "./signing.ts";

export const HOUR_MS = 3_600_000;
const KIB = 1024;

/** Returns hosts in several shards. Every writer changes one host and adds one. */
export function buildWriterHosts(writer: string): HostRules[] {
  return sortByHost([
    ...generateHosts(6, 10 * KIB),
    buildHostRules("changed.example.com", writer, 10 * KIB),
    buildHostRules(`${writer}.example.com`, writer, 10 * KIB),
  ]);
}

/** Returns the writer of published hosts. */
export function findWriter(hosts: readonly HostRules[]): string {
  const names = hosts.map(({ host }) => host.replace(".example.com", ""));
  return names.find((name) => ["earlier", "before", "former", "next"].includes(name)) ?? "unknown";
}

function buildWriterIngresses(writer: string): Ingress[] {
  const annotations = { "edgress.dev/app-root": `/${writer}` };
  const rest = {
    source: "in.yaml:1",
    uid: undefined,
    created: undefined,
    className: "edgress",
    defaultBackend: undefined,
  };
  return ["one", "two"].map((name) => ({ namespace: "default", name, annotations, ...rest, tls: [], rules: [] }));
}

/** Executes the KV operations of the first sync of a new leader, and returns the published generation. */
export async function publishAs(writer: string, kv: Kv, fence: WriteFence, hours: number): Promise<number> {
  const previousState = await readState(kv, SIGNER);
  const snapshot = await readPublishedSnapshot(kv, SIGNER);
  const state = { cluster: "6e1b7d1c", brokenSince: {}, ingresses: buildWriterIngresses(writer), regexVerdicts: [] };
  await writeState(kv, SIGNER, previousState, state, fence);
  const now = new Date(NOW.getTime() + hours * HOUR_MS);
  return (await publish(buildRules(buildWriterHosts(writer)), kv, SIGNER, now, undefined, { fence, snapshot }))
    .generation;
}

/** A Lease that one of two writers holds. */
export function createLease(): { holder: string; fenceOf: (name: string) => WriteFence } {
  const lease = {
    holder: "former",
    fenceOf: (name: string) => ({
      check() {
        if (lease.holder !== name) throw new Error(`the Lease is held by ${lease.holder}`);
      },
    }),
  };
  return lease;
}

/** Records each generation that becomes current, in order. */
export function recordGenerations(kv: MemoryKv): { generations: () => number[] } {
  const generations: number[] = [];
  const put = kv.put.bind(kv);
  kv.put = async (entries) => {
    await put(entries);
    const current = entries.find(({ key }) => key === CURRENT_KEY);
    if (current) generations.push(JSON.parse(JSON.parse(current.value).manifest).generation);
  };
  return { generations: () => generations };
}

/** Suspends a writer at the matching step number `stepNumber`, counted from 0, until `resume`. */
export function createSuspension(stepNumber: number, matches: (step: string) => boolean) {
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  let remaining = stepNumber;
  const pause: KvStepHook = async (step) => {
    if (!matches(step) || remaining-- !== 0) return;
    reached.resolve();
    await resumed.promise;
  };
  return { pause, reached: reached.promise, resume: resumed.resolve };
}

/** Asserts that KV has the whole publication of a writer. */
export async function assertServes(kv: Kv, writer: string): Promise<void> {
  assert.deepEqual((await readAllShards(kv, KEYS.publicKey)).hosts, buildWriterHosts(writer));
  const { ingresses } = await readState(kv, SIGNER);
  assert.deepEqual(
    ingresses.map(({ annotations }) => annotations["edgress.dev/app-root"]),
    [`/${writer}`, `/${writer}`],
  );
}

/** Returns whether a write guard, a newer generation, or a replaced or removed blob stopped a former leader. */
export function isStaleLeaderError(error: Error): boolean {
  const isConflict = error instanceof PublishConflictError || error instanceof PartialReadError;
  const isBlobRemoved = error.message.endsWith(" as written"); // the next leader does not need it
  return isConflict || isBlobRemoved || error.message === "the Lease is held by next";
}

/** Returns a KV with a history that the next publication trims, so that removals are among its steps. */
export async function createKvWithHistory(): Promise<MemoryKv> {
  historyValues ??= publishHistory();
  const kv = new MemoryKv();
  for (const [key, value] of await historyValues) kv.values.set(key, value);
  return kv;
}

let historyValues: Promise<ReadonlyMap<string, string>> | undefined; // the tests copy it hundreds of times

async function publishHistory(): Promise<ReadonlyMap<string, string>> {
  const kv = new MemoryKv();
  for (let turn = -19; turn < 0; turn++) await publishAs(turn % 2 ? "before" : "earlier", kv, NO_FENCE, 2 * turn);
  return kv.values;
}
