import * as z from "zod";
import type { Kv } from "../../cloudflare/kv.ts";
import type { Ingress } from "../../collect/cluster-model.ts";
import { formatMissingBlobs, PartialReadError, readBlobs, writeBlobs } from "../blobs.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { NO_FENCE, PublishConflictError, type WriteFence, withWriteFence } from "../guard/write-fence.ts";
import type { Signer } from "../sign-manifest.ts";
import { checkOwnership, type NamespaceOwner } from "./namespace-owner.ts";
import { buildStateShards, type StateShard } from "./state-shards.ts";
import { StoredIngresses } from "./stored-ingress.ts";

// Edges never read these keys, so they are not among those of src/rules.
export const STATE_KEY = "state";
const STATE_SHARD_PREFIX = "state/";

/** Raised when an older sync job would misread a newer ledger. */
const STATE_FORMAT = 1;

const StoredState = z.strictObject({
  format: z.literal(STATE_FORMAT),
  cluster: z.nullable(z.string()),
  brokenSince: z.record(z.string(), z.iso.datetime({ offset: true })),
  ingresses: z.array(z.nullable(z.string())), // digests of blobs, by group; null where no Ingress hashes to it
});

/** What the sync job remembers beside what it has published. */
export interface ControllerState {
  /** The uid of the cluster that owns the KV namespace; undefined gives it up. */
  readonly cluster: string | undefined;
  /** Since when (RFC 3339) an Ingress ("namespace/name") is served by its last good rules. */
  readonly brokenSince: Readonly<Record<string, string>>;
  /** Ingresses as they were when they were last good, with at least those annotations that mean something here. */
  readonly ingresses: readonly Ingress[];
}

/** A ledger as it was read from KV, or as it was written last. */
export interface LoadedState extends ControllerState {
  readonly owner: NamespaceOwner;
  readonly text: string | undefined; // what is signed under the key `ledger`
  readonly shards: readonly StateShard[];
  /** Keys of all blobs in KV, named by the ledger or not. */
  readonly blobKeys: ReadonlySet<string>;
}

/** The writes that turn one ledger into another, in an order that is safe to be cut short. */
export interface StatePlan {
  readonly blobs: ReadonlyMap<string, string>; // by key
  readonly text: string | undefined; // undefined where the ledger says so already
  readonly staleKeys: readonly string[]; // keys
  /** What is held once it is carried out. */
  readonly nextState: LoadedState;
}

export interface StateWriteResult {
  readonly state: LoadedState;
  readonly writes: number; // keys written
  readonly bytes: number; // written
}

/** Whose the namespace is: the one read that it takes. */
export async function readNamespaceOwner(kv: Kv, signer: Signer): Promise<{ readonly owner: NamespaceOwner }> {
  return { owner: parseState(await kv.get(STATE_KEY), signer).owner };
}

/** Reads the ledger. Rejects with a PartlyReadError where a blob cannot be had; its `rest` lacks the Ingresses in there. */
export async function readState(kv: Kv, signer: Signer): Promise<LoadedState> {
  const { owner, text, storedState } = parseState(await kv.get(STATE_KEY), signer);
  const digests = storedState?.ingresses ?? [];
  const storedDigests = digests.filter((digest) => digest !== null);
  const { values, missingBlobs } = await readBlobs(kv, storedDigests, stateShardKey, StoredIngresses);
  const shards = digests.map((digest): StateShard => {
    const ingresses = digest === null ? undefined : values.get(digest);
    return ingresses ? { ingresses, digest } : { ingresses: [], digest: null };
  });
  const state: LoadedState = {
    cluster: storedState?.cluster ?? undefined,
    brokenSince: storedState?.brokenSince ?? {},
    ingresses: shards.flatMap(({ ingresses }) => ingresses),
    owner,
    text,
    shards,
    blobKeys: new Set([...(await kv.list(STATE_SHARD_PREFIX)), ...storedDigests.map(stateShardKey)]),
  };
  if (missingBlobs.length === 0) return state;
  throw new PartialReadError(`of the ledger in KV, ${formatMissingBlobs(missingBlobs, "blob")}`, state);
}

/** What to write for `wanted` after `before`. Pure; Ingresses that are the same objects as before cost next to nothing. */
export function planState(previousState: LoadedState, desiredState: ControllerState): StatePlan {
  const { shards, newBlobs } = buildStateShards(desiredState.ingresses, previousState);
  const { cluster, brokenSince } = desiredState;
  const ingresses = shards.map(({ digest }) => digest);
  const text = serializeState({ format: STATE_FORMAT, cluster: cluster ?? null, brokenSince, ingresses });
  const owner: NamespaceOwner = cluster === undefined ? { type: "none" } : { type: "cluster", cluster };
  const neededKeys = new Set(ingresses.flatMap((digest) => (digest === null ? [] : [stateShardKey(digest)])));
  const previousDigests = new Set(previousState.shards.map(({ digest }) => digest));
  const blobs = new Map(
    [...newBlobs].flatMap(([digest, bytes]) => (previousDigests.has(digest) ? [] : [[stateShardKey(digest), bytes]])),
  );
  return {
    blobs,
    text: text === previousState.text && blobs.size === 0 ? undefined : text,
    staleKeys: [...previousState.blobKeys].filter((key) => !neededKeys.has(key)),
    nextState: { ...desiredState, owner, text, shards, blobKeys: neededKeys },
  };
}

/**
 * Writes the ledger where it changed: new blobs first, read back, then the ledger, then what nothing names any more is
 * removed. Rejects with a SupersededError where the namespace has become another cluster's since `before` was read.
 */
export async function writeState(
  kv: Kv,
  signer: Signer,
  previousState: LoadedState,
  desiredState: ControllerState,
  fence: WriteFence = NO_FENCE,
): Promise<StateWriteResult> {
  const { blobs, text, staleKeys, nextState } = planState(previousState, desiredState);
  if (text === undefined) return { state: { ...nextState, blobKeys: previousState.blobKeys }, writes: 0, bytes: 0 };
  const fencedKv = withWriteFence(kv, fence);
  const value = signer.sign(text);
  await writeBlobs(fencedKv, blobs, "blobs of the ledger");
  await assertOwner(kv, signer, previousState, desiredState);
  await fencedKv.put([{ key: STATE_KEY, value }]);
  const remainingKeys = await removeStaleKeys(staleKeys, fencedKv);
  return {
    state: { ...nextState, blobKeys: new Set([...nextState.blobKeys, ...remainingKeys]) },
    writes: blobs.size + 1,
    bytes: [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, value.length),
  };
}

/** Gives the namespace up, whosever it is. The blobs are removed with the next ledger. */
export async function releaseNamespace(kv: Kv, signer: Signer): Promise<void> {
  const text = serializeState({ format: STATE_FORMAT, cluster: null, brokenSince: {}, ingresses: [] });
  await kv.put([{ key: STATE_KEY, value: signer.sign(text) }]);
}

function serializeState(stored: Readonly<z.infer<typeof StoredState>>): string {
  return toCanonicalJson(stored);
}

function parseState(bytes: string | undefined, signer: Signer) {
  if (bytes === undefined) return { owner: { type: "none" } satisfies NamespaceOwner };
  const text = signer.verify(bytes);
  const result = text === undefined ? undefined : StoredState.safeParse(JSON.parse(text));
  if (!result?.success) return { owner: { type: "unknown" } satisfies NamespaceOwner };
  const { cluster } = result.data;
  const owner: NamespaceOwner = cluster === null ? { type: "none" } : { type: "cluster", cluster };
  return { owner, text, storedState: result.data };
}

async function assertOwner(
  kv: Kv,
  signer: Signer,
  previousState: LoadedState,
  { cluster }: ControllerState,
): Promise<void> {
  const currentState = parseState(await kv.get(STATE_KEY), signer);
  const ownership = checkOwnership(currentState, cluster);
  if (!ownership.ok && currentState.text !== previousState.text) throw new PublishConflictError(ownership.problem);
}

/** The keys that are left: what cannot be removed now is removed with the next ledger. */
async function removeStaleKeys(keys: readonly string[], kv: Kv): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  return kv.remove(keys).then(
    () => [],
    () => keys,
  );
}

function stateShardKey(digest: string): string {
  return `${STATE_SHARD_PREFIX}${digest}`;
}
