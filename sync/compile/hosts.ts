import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Reference } from "../collect/cluster.ts";
import { type Diagnostic, reportInto } from "./diagnostic.ts";
import type { HostPlan } from "./grant.ts";
import { compileHost } from "./host.ts";
import { type LookUp, type Lookup, lookupsOf, noting, referencesIn } from "./lookups.ts";
import { isSameList } from "./memory.ts";
import type { Options } from "./options.ts";

/** A host as it was compiled, with all that it was compiled from. */
export interface KeptHost {
  readonly plan: HostPlan;
  readonly lookups: readonly Lookup[];
  readonly references: readonly Reference[];
  readonly rules: HostRules;
  readonly diagnostics: readonly Diagnostic[];
}

/** Hosts as they were compiled in the last round. */
export interface HostsBefore {
  readonly hosts: readonly KeptHost[];
  /** Whether each lookup is known to give what it gave then. */
  readonly findsTheSame: boolean;
}

/** Compiles hosts, each anew only if its plan, or something that it looked up, is not what it was in `before`. */
export function compileHosts(
  plans: readonly HostPlan[],
  { hosts, findsTheSame }: HostsBefore,
  lookUp: LookUp,
  options: Options,
): KeptHost[] {
  const isFound = ({ kind, key, found }: Lookup) => lookUp(kind, key) === found;
  const find = finderIn(hosts);
  return plans.map((plan, place) => {
    const kept = find(plan.host, place);
    const holds = kept && isSamePlan(kept.plan, plan) && (findsTheSame || kept.lookups.every(isFound));
    return holds ? kept : compileAnew(plan, lookUp, options);
  });
}

/** Finds hosts by name; at next to no cost those that are where they were. */
function finderIn(hosts: readonly KeptHost[]): (host: string, place: number) => KeptHost | undefined {
  let byName: ReadonlyMap<string, KeptHost> | undefined;
  return (host, place) => {
    const there = hosts[place];
    if (there?.plan.host === host) return there;
    byName ??= new Map(hosts.map((one) => [one.plan.host, one]));
    return byName.get(host);
  };
}

function isSamePlan(a: HostPlan, b: HostPlan): boolean {
  return a === b || (a.restOf === b.restOf && isSameList(a.owners, b.owners) && isSameList(a.claims, b.claims));
}

function compileAnew(plan: HostPlan, lookUp: LookUp, options: Options): KeptHost {
  const diagnostics: Diagnostic[] = [];
  const noted = noting(lookUp);
  const rules = compileHost(plan, lookupsOf(noted.lookUp, options), reportInto(diagnostics));
  const lookups = noted.made();
  return { plan, lookups, references: referencesIn(lookups), rules, diagnostics };
}
