import type { HostRules } from "../src/rules/snapshot.ts";
import type { Account } from "./account.ts";
import type { Kept as KeptObject } from "./collect/collection.ts";
import type { KnownCluster, LiveCluster } from "./collect/live-cluster.ts";
import type { Memory } from "./compile/memory.ts";
import type { Options } from "./compile/options.ts";
import type { Permits } from "./compile/permits.ts";
import { type Before, compileKeeping, type Kept } from "./compile/quarantine.ts";
import { changedIngresses } from "./publish/changed.ts";
import { type GuardLimits, judge, type Removal, removalOf, type Verdict } from "./publish/deletion-guard.ts";
import type { Fence } from "./publish/fence.ts";
import { type Held, readHeld } from "./publish/held.ts";
import { type Ledger, ownedBy, readLedger, writeLedger } from "./publish/ledger.ts";
import type { OriginRecords } from "./publish/origin-records.ts";
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
  readonly limits: GuardLimits;
}

/** What is published, and what was written down beside it. */
export interface Knowledge {
  readonly held: Held;
  readonly ledger: Ledger;
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
    | { readonly outcome: "held"; readonly verdict: Verdict; readonly removal: Removal }
    | {
        readonly outcome: "published" | "unchanged";
        readonly published: Published;
        /** The Ingresses of which something is live that was not. */
        readonly changed: ReadonlySet<string>;
      }
  );

const MOST_LOOKS = 5;

/** Reads what is published. Rejects where KV does not give it, or where it is another cluster's. */
export async function readKnowledge({ account, cluster, takeOver }: Equipment): Promise<Knowledge> {
  const ledger = await readLedger(account.kv, account.signer);
  const owned = ownedBy(ledger, cluster);
  if (!owned.ok && !takeOver) throw new Error(owned.problem);
  return { held: await readHeld(account.kv, account.signer), ledger };
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
  const removal = removalOf(knowledge.held.hosts, rules.hosts);
  const verdict = judge(removal, routeCount(knowledge.held.hosts), limits, approved);
  if (verdict.held) return { ...compiled, knowledge, outcome: "held", verdict, removal };
  const { lastGood, quarantined } = compiled.kept;
  const ledger = await writeLedger(
    account.kv,
    account.signer,
    knowledge.ledger,
    { cluster, lastGood, quarantined },
    fence,
  );
  await records.keep(rules, fence.check);
  const published = await publish(rules, account.kv, account.signer, now, account.sealer, {
    fence,
    held: knowledge.held,
  });
  const changed = published.changed ? changedIngresses(knowledge.held.hosts, rules.hosts) : new Set<string>();
  const outcome = published.changed ? "published" : "unchanged";
  return { ...compiled, knowledge: { held: published.held, ledger }, outcome, published, changed };
}

export function routeCount(hosts: readonly HostRules[]): number {
  return hosts.reduce((sum, { routes }) => sum + routes.length, 0);
}

/** The objects of some collections by how diagnostics name them: "Ingress namespace/name". */
export function byName({ ingresses, services }: KnownCluster): ReadonlyMap<string, KeptObject> {
  const named = (kind: string, objects: readonly KeptObject[]) =>
    objects.map((object) => [`${kind} ${object.namespace}/${object.name}`, object] as const);
  return new Map([...named("Ingress", ingresses), ...named("Service", services)]);
}
