import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Cluster } from "../collect/cluster-model.ts";
import type { ClusterIndex } from "../compile/backends/cluster-index.ts";
import type { ServiceAddresses } from "../compile/backends/services.ts";
import type { IngressClaims } from "../compile/claims/claims.ts";
import type { GrantResult } from "../compile/claims/resolve-conflicts.ts";
import type { Compilation } from "../compile/compile.ts";
import { createReporter, type Diagnostic, type Report } from "../compile/diagnostics.ts";
import type { CompiledHost } from "../compile/hosts/compile-hosts.ts";
import type { Options } from "../compile/options.ts";
import type { ClassDefaults } from "../compile/select/class-defaults.ts";
import type { RankedIngress } from "../compile/select/ingress-class.ts";
import { EMPTY_SORTED_LIST, type SortedList } from "./sorted-list.ts";

/** What is made of an object, by step. */
interface CacheSlots {
  readonly rankedIngress: RankedIngress | undefined; // of an Ingress; undefined where it is not ours
  readonly classDefaults: ClassDefaults; // of an IngressClass
  readonly ingressClaims: IngressClaims; // of an Ingress
  readonly conflictReport: undefined; // of a claim: its report
  readonly serviceAddresses: ServiceAddresses; // of a Service
  readonly redirectedRules: HostRules; // of a host's rules
}

/** What was made of an object, and of what else; and what there was to report. */
interface CacheEntry<T> {
  readonly inputs: readonly unknown[];
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What compiling keeps from one round for the next, held by the caller. It changes what a compilation costs, never what
 * it gives. Objects are told apart by identity: those of a cluster must never be changed in place.
 */
export interface CompileCache {
  /** What all of it was made under; with other options nothing of it counts. */
  options: Options | undefined;
  last: { readonly cluster: Cluster; readonly compilation: Compilation } | undefined;
  /** By the object that it was made of: one that is gone takes it along. */
  slots: { readonly [S in keyof CacheSlots]: WeakMap<object, CacheEntry<CacheSlots[S]>> };
  /** Of the last round, as are all that follow. */
  grantResult: GrantResult | undefined;
  clusterIndex: ClusterIndex | undefined;
  hosts: readonly CompiledHost[];
  redirects: ReadonlyMap<string, HostRules>; // by name
  rankedIngresses: SortedList<RankedIngress>;
  sortedHosts: SortedList<HostRules>;
  diagnostics: SortedList<Diagnostic>;
}

export function createCompileCache(): CompileCache {
  return { options: undefined, ...createEmptyCache() };
}

/** Forgets everything, unless it was made under the same options. */
export function resetIfOptionsChanged(cache: CompileCache, options: Options): void {
  if (cache.options && haveSameMembers(cache.options, options)) return;
  Object.assign(cache, createEmptyCache(), { options });
}

/**
 * Makes something anew only if `from`, besides `object`, is not what it was made of before. What was reported then is
 * reported again.
 */
export type Memo = <S extends keyof CacheSlots>(
  slot: S,
  object: object,
  inputs: readonly unknown[],
  create: (report: Report) => CacheSlots[S],
) => CacheSlots[S];

/** Recalls from a memory, for a round whose diagnostics go into `diagnostics`. */
export function createMemo({ slots }: CompileCache, diagnostics: Diagnostic[]): Memo {
  return (slot, object, inputs, create) => {
    const previous = slots[slot].get(object);
    const cacheEntry = previous && isSameList(previous.inputs, inputs) ? previous : createEntry(inputs, create);
    if (cacheEntry !== previous) slots[slot].set(object, cacheEntry);
    for (const diagnostic of cacheEntry.diagnostics) diagnostics.push(diagnostic);
    return cacheEntry.value;
  };
}

/** For whoever has no memory. */
export function createNoOpMemo(report: Report): Memo {
  return (_step, _object, _from, create) => create(report);
}

/** Whether two lists hold the same, by identity. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function createEntry<T>(inputs: readonly unknown[], create: (report: Report) => T): CacheEntry<T> {
  const diagnostics: Diagnostic[] = [];
  return { inputs, value: create(createReporter(diagnostics)), diagnostics };
}

function createEmptyCache(): Omit<CompileCache, "options"> {
  return {
    last: undefined,
    slots: {
      rankedIngress: new WeakMap(),
      classDefaults: new WeakMap(),
      ingressClaims: new WeakMap(),
      conflictReport: new WeakMap(),
      serviceAddresses: new WeakMap(),
      redirectedRules: new WeakMap(),
    },
    grantResult: undefined,
    clusterIndex: undefined,
    hosts: [],
    redirects: new Map(),
    rankedIngresses: EMPTY_SORTED_LIST,
    sortedHosts: EMPTY_SORTED_LIST,
    diagnostics: EMPTY_SORTED_LIST,
  };
}

/** Whether a cluster holds the same objects, in the same order; what could not be read counts by what it says. */
export function isSameCluster(a: Cluster, b: Cluster): boolean {
  const serializeUnreadable = (cluster: Cluster) => ({
    ...cluster,
    unreadableReferences: cluster.unreadableReferences.map((reference) => JSON.stringify(reference)),
  });
  return haveSameMembers(serializeUnreadable(a), serializeUnreadable(b));
}

/** Lists count by what they hold, all else by identity: options and clusters are made anew for each round. */
function haveSameMembers(a: object, b: object): boolean {
  const [previousEntries, currentEntries] = [
    new Map<string, unknown>(Object.entries(a)),
    new Map<string, unknown>(Object.entries(b)),
  ];
  return (
    previousEntries.size === currentEntries.size &&
    [...currentEntries].every(([name, value]) => isSameValue(previousEntries.get(name), value))
  );
}

function isSameValue(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && isSameList(a, b));
}
