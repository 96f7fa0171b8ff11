import type { Account } from "./account.ts";
import type { KnownCluster, LiveCluster } from "./collect/live-cluster.ts";
import type { Memory } from "./compile/memory.ts";
import type { Options } from "./compile/options.ts";
import type { Permits } from "./compile/permits.ts";
import { type Before, compileKeeping, type Kept } from "./compile/quarantine.ts";
import { nameOf } from "./compile/select.ts";
import { PartlyReadError } from "./publish/blobs.ts";
import { changedIngresses } from "./publish/changed.ts";
import { type DeletionLimits, judge, removalOf, routesIn, type Verdict } from "./publish/deletion-guard.ts";
import type { Fence } from "./publish/fence.ts";
import { type Held, newerProblem, readHeld } from "./publish/held.ts";
import { type HeldLedger, type Ledger, readLedger, writeLedger } from "./publish/ledger.ts";
import type { OriginRecords } from "./publish/origin-records.ts";
import { ownedBy } from "./publish/owner.ts";
import { type Published, publish } from "./publish/publish.ts";

/** What every round of a cluster works with. */
export interface Equipment {
  readonly live: LiveCluster;
  readonly account: Account;
  readonly records: OriginRecords;
  readonly options: Omit<Options, "zones" | "seal" | "permits">;
  readonly memory: Memory;
  /** The uid of the cluster, by which clusters are told apart. */
  readonly cluster: string;
  readonly takeOver: boolean;
  readonly limits: DeletionLimits;
}

/** What is published, and what was written down beside it. */
export interface Knowledge {
  readonly held: Held;
  readonly ledger: HeldLedger;
}

/** A cluster, compiled. */
export interface CompiledCluster {
  readonly known: KnownCluster;
  readonly kept: Kept;
}

/** What a round came to. */
export type Done = CompiledCluster & {
  /** What the next round starts from. */
  readonly knowledge: Knowledge;
} & (
    | { readonly outcome: "held"; readonly verdict: Verdict }
    | {
        readonly outcome: "published" | "unchanged";
        readonly published: Published;
        /** What was written to KV in all: keys, and bytes. */
        readonly writes: number;
        readonly bytes: number;
        /** The Ingresses of which something is live that was not. */
        readonly changed: ReadonlySet<string>;
      }
  );

const MOST_LOOKS = 5;

/**
 * Reads what is published. Rejects where it is another cluster's or a newer sync job's, or where KV does not give all of
 * it; with `goOn` the rest counts, as what is lost is written anew by publishing, and `goOn` is told what that is.
 */
export async function readKnowledge(
  { account: { kv, signer }, cluster, takeOver }: Equipment,
  goOn?: (problem: string) => void,
): Promise<Knowledge> {
  const ledger = await restOf(readLedger(kv, signer), goOn);
  const owned = ownedBy(ledger, cluster);
  if (!owned.ok && !takeOver) throw new Error(owned.problem);
  const newer = await newerProblem(kv, signer);
  if (newer !== undefined && !takeOver) throw new Error(newer);
  return { held: await restOf(readHeld(kv, signer), goOn), ledger };
}

async function restOf<T>(read: Promise<T>, goOn: ((problem: string) => void) | undefined): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof PartlyReadError) || !goOn) throw error;
    goOn(error.message);
    return error.rest as T; // what could be read of the same
  }
}

/**
 * Compiles the cluster as it is known. The Secrets and ConfigMaps that rules refer to are read first, so that nothing is
 * missing only because it was not asked for. Undefined until every first list is in.
 */
export async function compileCluster(
  { live, account, records, options, memory }: Equipment,
  permits: Permits,
  before: Before,
  now: Date,
): Promise<CompiledCluster | undefined> {
  const zones = (await records.zones()).map(({ name }) => name);
  const all = { ...options, zones, permits, seal: account.sealer.seal };
  for (let looks = 1; ; looks++) {
    const known = live.known();
    if (!known) return undefined;
    const kept = compileKeeping(known.cluster, before, all, now.toISOString(), memory);
    const isNews = await live.refer(kept.compiled.references);
    if (!isNews || looks === MOST_LOOKS) return { known, kept };
  }
}

/** A round of the one who may write: judge what would go, write down what is good, add DNS records, publish. */
export async function publishCluster(
  { account, records, cluster, limits }: Equipment,
  compiled: CompiledCluster,
  knowledge: Knowledge,
  approved: string | undefined,
  fence: Fence,
  now: Date,
): Promise<Done> {
  const { rules } = compiled.kept.compiled;
  const { hosts } = knowledge.held;
  const verdict = judge(removalOf(hosts, rules.hosts), routesIn(hosts), limits, approved);
  if (verdict.heldBack !== undefined) return { ...compiled, knowledge, outcome: "held", verdict };
  const { kv, signer } = account;
  const ledger = await writeLedger(kv, signer, knowledge.ledger, remembered(compiled.kept, cluster), fence);
  await records.keep(rules, fence.check);
  const published = await publish(rules, kv, signer, now, account.sealer, { fence, held: knowledge.held });
  return {
    ...compiled,
    knowledge: { held: published.held, ledger: ledger.held },
    outcome: published.changed ? "published" : "unchanged",
    published,
    writes: published.writes + ledger.writes,
    bytes: published.bytes + ledger.bytes,
    changed: published.changed ? changedIngresses(hosts, rules.hosts) : new Set(),
  };
}

/** What is written down of a round, and what the next one knows by it. */
function remembered({ lastGood, quarantined }: Before, cluster: string): Ledger {
  return { cluster, quarantined: Object.fromEntries(quarantined), ingresses: [...lastGood.values()] };
}

/** What is known from before, as it was written down. */
export function beforeOf({ ingresses, quarantined }: Ledger): Before {
  return {
    lastGood: new Map(ingresses.map((ingress) => [nameOf(ingress), ingress])),
    quarantined: new Map(Object.entries(quarantined)),
  };
}
