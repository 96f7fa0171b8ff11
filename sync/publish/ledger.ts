import * as z from "zod";
import type { Kv } from "../cloudflare/kv.ts";
import type { Ingress } from "../collect/cluster.ts";
import { lostText, PartlyReadError, readBlobs, writeBlobs } from "./blobs.ts";
import { canonical } from "./canonical.ts";
import { type Fence, fenced, NO_FENCE, SupersededError } from "./fence.ts";
import { type Group, groupsOf } from "./ledger-groups.ts";
import { StoredIngresses } from "./ledger-ingress.ts";
import { type Owner, ownedBy } from "./owner.ts";
import type { Signer } from "./sign.ts";

// Edges never read these keys, so they are not among those of src/rules.
export const LEDGER_KEY = "ledger";
const BLOB_PREFIX = "ledger/";

/** Raised when an older sync job would misread a newer ledger. */
const LEDGER_FORMAT = 1;

const StoredLedger = z.strictObject({
  format: z.literal(LEDGER_FORMAT),
  cluster: z.nullable(z.string()),
  quarantined: z.record(z.string(), z.iso.datetime({ offset: true })),
  ingresses: z.array(z.nullable(z.string())), // digests of blobs, by group; null where no Ingress hashes to it
});

/** What the sync job remembers beside what it has published. */
export interface Ledger {
  /** The uid of the cluster that owns the KV namespace; undefined gives it up. */
  readonly cluster: string | undefined;
  /** Since when (RFC 3339) an Ingress ("namespace/name") is served by its last good rules. */
  readonly quarantined: Readonly<Record<string, string>>;
  /** Ingresses as they were when they were last good, with at least those annotations that mean something here. */
  readonly ingresses: readonly Ingress[];
}

/** A ledger as it was read from KV, or as it was written last. */
export interface HeldLedger extends Ledger {
  readonly owner: Owner;
  readonly text: string | undefined; // what is signed under the key `ledger`
  readonly groups: readonly Group[];
  /** Keys of all blobs in KV, named by the ledger or not. */
  readonly blobs: ReadonlySet<string>;
}

/** The writes that turn one ledger into another, in an order that is safe to be cut short. */
export interface LedgerPlan {
  readonly blobs: ReadonlyMap<string, string>; // by key
  readonly text: string | undefined; // undefined where the ledger says so already
  readonly unneeded: readonly string[]; // keys
  /** What is held once it is carried out. */
  readonly after: HeldLedger;
}

export interface WrittenLedger {
  readonly held: HeldLedger;
  readonly writes: number; // keys written
  readonly bytes: number; // written
}

/** Whose the namespace is: the one read that it takes. */
export async function readOwner(kv: Kv, signer: Signer): Promise<{ readonly owner: Owner }> {
  return { owner: ledgerIn(await kv.get(LEDGER_KEY), signer).owner };
}

/** Reads the ledger. Rejects with a PartlyReadError where a blob cannot be had; its `rest` lacks the Ingresses in there. */
export async function readLedger(kv: Kv, signer: Signer): Promise<HeldLedger> {
  const { owner, text, stored } = ledgerIn(await kv.get(LEDGER_KEY), signer);
  const digests = stored?.ingresses ?? [];
  const named = digests.filter((digest) => digest !== null);
  const { values, lost } = await readBlobs(kv, named, blobKey, StoredIngresses);
  const groups = digests.map((digest): Group => {
    const ingresses = digest === null ? undefined : values.get(digest);
    return ingresses ? { ingresses, digest } : { ingresses: [], digest: null };
  });
  const ledger: HeldLedger = {
    cluster: stored?.cluster ?? undefined,
    quarantined: stored?.quarantined ?? {},
    ingresses: groups.flatMap(({ ingresses }) => ingresses),
    owner,
    text,
    groups,
    blobs: new Set([...(await kv.list(BLOB_PREFIX)), ...named.map(blobKey)]),
  };
  if (lost.length === 0) return ledger;
  throw new PartlyReadError(`of the ledger in KV, ${lostText(lost, "blob")}`, ledger);
}

/** What to write for `wanted` after `before`. Pure; Ingresses that are the same objects as before cost next to nothing. */
export function planLedger(before: HeldLedger, wanted: Ledger): LedgerPlan {
  const { groups, fresh } = groupsOf(wanted.ingresses, before);
  const { cluster, quarantined } = wanted;
  const ingresses = groups.map(({ digest }) => digest);
  const text = textOf({ format: LEDGER_FORMAT, cluster: cluster ?? null, quarantined, ingresses });
  const owner: Owner = cluster === undefined ? { type: "nobody" } : { type: "cluster", cluster };
  const needed = new Set(ingresses.flatMap((digest) => (digest === null ? [] : [blobKey(digest)])));
  const present = new Set(before.groups.map(({ digest }) => digest));
  const blobs = new Map(
    [...fresh].flatMap(([digest, bytes]) => (present.has(digest) ? [] : [[blobKey(digest), bytes]])),
  );
  return {
    blobs,
    text: text === before.text && blobs.size === 0 ? undefined : text,
    unneeded: [...before.blobs].filter((key) => !needed.has(key)),
    after: { ...wanted, owner, text, groups, blobs: needed },
  };
}

/**
 * Writes the ledger where it changed: new blobs first, read back, then the ledger, then what nothing names any more is
 * removed. Rejects with a SupersededError where the namespace has become another cluster's since `before` was read.
 */
export async function writeLedger(
  kv: Kv,
  signer: Signer,
  before: HeldLedger,
  wanted: Ledger,
  fence: Fence = NO_FENCE,
): Promise<WrittenLedger> {
  const { blobs, text, unneeded, after } = planLedger(before, wanted);
  if (text === undefined) return { held: { ...after, blobs: before.blobs }, writes: 0, bytes: 0 };
  const writable = fenced(kv, fence);
  const value = signer.seal(text);
  await writeBlobs(writable, blobs, "blobs of the ledger");
  await expectOwner(kv, signer, before, wanted);
  await writable.put([{ key: LEDGER_KEY, value }]);
  const left = await removed(unneeded, writable);
  return {
    held: { ...after, blobs: new Set([...after.blobs, ...left]) },
    writes: blobs.size + 1,
    bytes: [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, value.length),
  };
}

/** Gives the namespace up, whosever it is. The blobs are removed with the next ledger. */
export async function disown(kv: Kv, signer: Signer): Promise<void> {
  const text = textOf({ format: LEDGER_FORMAT, cluster: null, quarantined: {}, ingresses: [] });
  await kv.put([{ key: LEDGER_KEY, value: signer.seal(text) }]);
}

function textOf(stored: Readonly<z.infer<typeof StoredLedger>>): string {
  return canonical(stored);
}

function ledgerIn(bytes: string | undefined, signer: Signer) {
  if (bytes === undefined) return { owner: { type: "nobody" } satisfies Owner };
  const text = signer.open(bytes);
  const read = text === undefined ? undefined : StoredLedger.safeParse(JSON.parse(text));
  if (!read?.success) return { owner: { type: "stranger" } satisfies Owner };
  const { cluster } = read.data;
  const owner: Owner = cluster === null ? { type: "nobody" } : { type: "cluster", cluster };
  return { owner, text, stored: read.data };
}

async function expectOwner(kv: Kv, signer: Signer, before: HeldLedger, { cluster }: Ledger): Promise<void> {
  const now = ledgerIn(await kv.get(LEDGER_KEY), signer);
  const owned = ownedBy(now, cluster);
  if (!owned.ok && now.text !== before.text) throw new SupersededError(owned.problem);
}

/** The keys that are left: what cannot be removed now is removed with the next ledger. */
async function removed(keys: readonly string[], kv: Kv): Promise<readonly string[]> {
  if (keys.length === 0) return [];
  return kv.remove(keys).then(
    () => [],
    () => keys,
  );
}

function blobKey(digest: string): string {
  return `${BLOB_PREFIX}${digest}`;
}
