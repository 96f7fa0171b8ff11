import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Cluster } from "../collect/cluster.ts";
import type { Addressed } from "./backends.ts";
import type { Asked } from "./claims.ts";
import type { ClassSettings } from "./class-settings.ts";
import type { Compiled } from "./compile.ts";
import { type Diagnostic, type Report, reportInto } from "./diagnostic.ts";
import type { Grants } from "./grant.ts";
import type { KeptHost } from "./hosts.ts";
import type { World } from "./lookups.ts";
import type { Options } from "./options.ts";
import type { Ranked } from "./select.ts";
import { NOTHING_SORTED, type Sorted } from "./sorted.ts";

/** What is made of an object, by step. */
interface Steps {
  readonly ranked: Ranked | undefined; // of an Ingress; undefined where it is not ours
  readonly settings: ClassSettings; // of an IngressClass
  readonly asked: Asked; // of an Ingress
  readonly taken: undefined; // of a claim: its report
  readonly addressed: Addressed; // of a Service
  readonly sentOn: HostRules; // of a host's rules
}

/** What was made of an object, and of what else; and what there was to report. */
interface Kept<T> {
  readonly from: readonly unknown[];
  readonly made: T;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What compiling keeps from one round for the next, held by the caller. It changes what a compilation costs, never what
 * it gives. Objects are told apart by identity: those of a cluster must never be changed in place.
 */
export interface Memory {
  /** What all of it was made under; with other options nothing of it counts. */
  options: Options | undefined;
  last: { readonly cluster: Cluster; readonly compiled: Compiled } | undefined;
  /** By the object that it was made of: one that is gone takes it along. */
  steps: { readonly [S in keyof Steps]: WeakMap<object, Kept<Steps[S]>> };
  /** Of the last round, as are all that follow. */
  grants: Grants | undefined;
  world: World | undefined;
  hosts: readonly KeptHost[];
  redirects: ReadonlyMap<string, HostRules>; // by name
  ranked: Sorted<Ranked>;
  sortedHosts: Sorted<HostRules>;
  diagnostics: Sorted<Diagnostic>;
}

export function newMemory(): Memory {
  return { options: undefined, ...nothing() };
}

/** Forgets everything, unless it was made under the same options. */
export function forgetOthers(memory: Memory, options: Options): void {
  if (memory.options && areSame(memory.options, options)) return;
  Object.assign(memory, nothing(), { options });
}

/**
 * Makes something anew only if `from`, besides `object`, is not what it was made of before. What was reported then is
 * reported again.
 */
export type Recall = <S extends keyof Steps>(
  step: S,
  object: object,
  from: readonly unknown[],
  make: (report: Report) => Steps[S],
) => Steps[S];

/** Recalls from a memory, for a round whose diagnostics go into `diagnostics`. */
export function recallFrom({ steps }: Memory, diagnostics: Diagnostic[]): Recall {
  return (step, object, from, make) => {
    const before = steps[step].get(object);
    const kept = before && isSameList(before.from, from) ? before : keep(from, make);
    if (kept !== before) steps[step].set(object, kept);
    for (const diagnostic of kept.diagnostics) diagnostics.push(diagnostic);
    return kept.made;
  };
}

/** For whoever has no memory. */
export function recallNothing(report: Report): Recall {
  return (_step, _object, _from, make) => make(report);
}

/** Whether two lists hold the same, by identity. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function keep<T>(from: readonly unknown[], make: (report: Report) => T): Kept<T> {
  const diagnostics: Diagnostic[] = [];
  return { from, made: make(reportInto(diagnostics)), diagnostics };
}

function nothing(): Omit<Memory, "options"> {
  return {
    last: undefined,
    steps: {
      ranked: new WeakMap(),
      settings: new WeakMap(),
      asked: new WeakMap(),
      taken: new WeakMap(),
      addressed: new WeakMap(),
      sentOn: new WeakMap(),
    },
    grants: undefined,
    world: undefined,
    hosts: [],
    redirects: new Map(),
    ranked: NOTHING_SORTED,
    sortedHosts: NOTHING_SORTED,
    diagnostics: NOTHING_SORTED,
  };
}

/** Whether a cluster holds the same objects, in the same order; what could not be read counts by what it says. */
export function isSameCluster(a: Cluster, b: Cluster): boolean {
  const withTexts = (cluster: Cluster) => ({ ...cluster, unread: cluster.unread.map((one) => JSON.stringify(one)) });
  return areSame(withTexts(a), withTexts(b));
}

/** Lists count by what they hold, all else by identity: options and clusters are made anew for each round. */
function areSame(a: object, b: object): boolean {
  const [before, now] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  return before.size === now.size && [...now].every(([name, value]) => isSame(before.get(name), value));
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && isSameList(a, b));
}
