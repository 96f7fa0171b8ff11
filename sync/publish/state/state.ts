import type * as z from "zod";
import type { HashKey } from "../../../src/rules/half-sip-hash.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import type { Ingress } from "../../collect/cluster-model.ts";
import { formatMissingBlobs, PartialReadError, readBlobs, writeBlobs } from "../blobs.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { NO_FENCE, PublishConflictError, type WriteFence, withWriteFence } from "../guard/write-fence.ts";
import type { ManifestVerifier, Signer } from "../sign-manifest.ts";
import { checkOwnership, type NamespaceOwner } from "./namespace-owner.ts";
import { buildStateShards, type StateShard } from "./state-shards.ts";
import { StoredIngresses } from "./stored-ingress.ts";
import { STATE_FORMAT, StoredState } from "./stored-state.ts";
import { type PersistedVerdict, readVerdicts, serializeVerdicts } from "./stored-verdicts.ts";

// Edges never read these keys, so they are not among those of src/rules.
export const STATE_KEY = "state";
const STATE_SHARD_PREFIX = "state/";

/** State that the controller stores in KV besides the published snapshot. */
export interface ControllerState {
  /** UID of the cluster that owns the KV namespace. Undefined releases the namespace. */
  readonly cluster: string | undefined;
  /** Time (RFC 3339) since which an Ingress ("namespace/name") is served with its last good rules. */
  readonly brokenSince: Readonly<Record<string, string>>;
  /** Last good version of each Ingress, with at least the annotations that edgress reads. */
  readonly ingresses: readonly Ingress[];
  readonly regexVerdicts: readonly PersistedVerdict[];
}

/** Controller state as read from KV or as last written. */
export interface LoadedState extends ControllerState {
  readonly owner: NamespaceOwner;
  readonly text: string | undefined; // the text of the key `state`, if it has our signature
  readonly shards: readonly StateShard[];
  readonly verdictDigest: string | null; // null if there is no readable blob
  /** Keys of all blobs in KV, used or stale. */
  readonly blobKeys: ReadonlySet<string>;
}

/** Writes that turn one controller state into another, in an order that is safe to interrupt. */
export interface StatePlan {
  readonly blobs: ReadonlyMap<string, string>; // by key
  readonly text: string | undefined; // undefined if nothing changed
  readonly staleKeys: readonly string[];
  /** State after the writes. */
  readonly nextState: LoadedState;
}

export interface StateWriteResult {
  readonly state: LoadedState;
  readonly writes: number; // keys written
  readonly bytes: number; // written
}

/** Reads the owner of a KV namespace, with a single request. */
export async function readNamespaceOwner(kv: Kv, verifier: ManifestVerifier): Promise<Pick<LoadedState, "owner">> {
  return { owner: parseState(await kv.get(STATE_KEY), verifier).owner };
}

/**
 * Reads the controller state, with the signature of any key of `verifier`. The next write signs it with our key. Rejects
 * with a `PartialReadError`, without the lost Ingresses, if a blob is missing.
 */
export async function readState(kv: Kv, signer: Signer, verifier: ManifestVerifier = signer): Promise<LoadedState> {
  const bytes = await kv.get(STATE_KEY);
  const { owner, storedState } = parseState(bytes, verifier);
  const text = storedState && bytes !== undefined ? signer.verify(bytes) : undefined;
  const digests = storedState?.ingresses ?? [];
  const storedDigests = digests.filter((digest) => digest !== null);
  const { values, missingBlobs } = await readBlobs(kv, storedDigests, stateShardKey, StoredIngresses);
  const { verdicts, digest: verdictDigest } = await readVerdicts(kv, storedState?.regexVerdicts ?? null, stateShardKey);
  const shards = digests.map((digest): StateShard => {
    const ingresses = digest === null ? undefined : values.get(digest);
    return ingresses ? { ingresses, digest } : { ingresses: [], digest: null };
  });
  const state: LoadedState = {
    cluster: storedState?.cluster ?? undefined,
    brokenSince: storedState?.brokenSince ?? {},
    ingresses: shards.flatMap(({ ingresses }) => ingresses),
    regexVerdicts: verdicts,
    verdictDigest,
    owner,
    text,
    shards,
    blobKeys: new Set([...(await kv.list(STATE_SHARD_PREFIX)), ...storedDigests.map(stateShardKey)]),
  };
  if (missingBlobs.length === 0) return state;
  throw new PartialReadError(
    `controller state in KV is incomplete: ${formatMissingBlobs(missingBlobs, "blob")}`,
    state,
  );
}

/** Plans the writes from `previousState` to `desiredState`. Pure. Ingresses that are the same objects are not compared. */
export function planState(previousState: LoadedState, desiredState: ControllerState, hashKey: HashKey): StatePlan {
  const { shards, newBlobs } = buildStateShards(desiredState.ingresses, previousState, hashKey);
  const { cluster, brokenSince } = desiredState;
  const verdictBlob = serializeVerdicts(desiredState.regexVerdicts);
  const verdictDigest = verdictBlob?.digest ?? null;
  const ingresses = shards.map(({ digest }) => digest);
  const text = serializeState({
    format: STATE_FORMAT,
    cluster: cluster ?? null,
    brokenSince,
    ingresses,
    regexVerdicts: verdictDigest,
  });
  const owner: NamespaceOwner = cluster === undefined ? { type: "none" } : { type: "cluster", cluster };
  const neededKeys = new Set(
    [...ingresses, verdictDigest].flatMap((digest) => (digest === null ? [] : [stateShardKey(digest)])),
  );
  const previousDigests = new Set([...previousState.shards.map(({ digest }) => digest), previousState.verdictDigest]);
  const wantedBlobs = verdictBlob ? [...newBlobs, [verdictBlob.digest, verdictBlob.text] as const] : [...newBlobs];
  const blobs = new Map(
    wantedBlobs.flatMap(([digest, bytes]) => (previousDigests.has(digest) ? [] : [[stateShardKey(digest), bytes]])),
  );
  return {
    blobs,
    text: text === previousState.text && blobs.size === 0 ? undefined : text,
    staleKeys: [...previousState.blobKeys].filter((key) => !neededKeys.has(key)),
    nextState: { ...desiredState, owner, text, shards, verdictDigest, blobKeys: neededKeys },
  };
}

/**
 * Writes the controller state if it changed: new blobs first, then the state, then the removal of stale blobs. Rejects
 * with a `PublishConflictError` if another cluster took ownership since `previousState` was read.
 */
export async function writeState(
  kv: Kv,
  signer: Signer,
  previousState: LoadedState,
  desiredState: ControllerState,
  fence: WriteFence = NO_FENCE,
): Promise<StateWriteResult> {
  const { blobs, text, staleKeys, nextState } = planState(previousState, desiredState, signer.hashKey);
  if (text === undefined) return { state: { ...nextState, blobKeys: previousState.blobKeys }, writes: 0, bytes: 0 };
  const fencedKv = withWriteFence(kv, fence);
  const value = signer.sign(text);
  await writeBlobs(fencedKv, blobs, "blobs of the controller state");
  await assertOwner(kv, signer, previousState, desiredState);
  await fencedKv.put([{ key: STATE_KEY, value }]);
  const remainingKeys = await removeStaleKeys(staleKeys, fencedKv);
  return {
    state: { ...nextState, blobKeys: new Set([...nextState.blobKeys, ...remainingKeys]) },
    writes: blobs.size + 1,
    bytes: [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, value.length),
  };
}

/** Releases the KV namespace, whether owned or not. The next write of the state removes the blobs. */
export async function releaseNamespace(kv: Kv, signer: Signer): Promise<void> {
  const text = serializeState({
    format: STATE_FORMAT,
    cluster: null,
    brokenSince: {},
    ingresses: [],
    regexVerdicts: null,
  });
  await kv.put([{ key: STATE_KEY, value: signer.sign(text) }]);
}

function serializeState(stored: Readonly<z.infer<typeof StoredState>>): string {
  return toCanonicalJson(stored);
}

function parseState(bytes: string | undefined, verifier: ManifestVerifier) {
  if (bytes === undefined) return { owner: { type: "none" } satisfies NamespaceOwner };
  const text = verifier.verify(bytes);
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

/** Removes stale blobs. Returns the keys that remain if KV fails; the next write removes them. */
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
