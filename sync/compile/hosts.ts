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

/** Compiles hosts, each anew only if its plan, or something that it looked up, is not what it was in `before`. */
export function compileHosts(
  plans: readonly HostPlan[],
  before: ReadonlyMap<string, KeptHost>,
  lookUp: LookUp,
  options: Options,
): KeptHost[] {
  return plans.map((plan) => {
    const kept = before.get(plan.host);
    return kept && holds(kept, plan, lookUp) ? kept : compileAnew(plan, lookUp, options);
  });
}

function holds({ plan, lookups }: KeptHost, { owners, claims, restOf }: HostPlan, lookUp: LookUp): boolean {
  return (
    plan.restOf === restOf &&
    isSameList(plan.owners, owners) &&
    isSameList(plan.claims, claims) &&
    lookups.every(({ kind, key, found }) => lookUp(kind, key) === found)
  );
}

function compileAnew(plan: HostPlan, lookUp: LookUp, options: Options): KeptHost {
  const diagnostics: Diagnostic[] = [];
  const noted = noting(lookUp);
  const rules = compileHost(plan, lookupsOf(noted.lookUp, options), reportInto(diagnostics));
  const lookups = noted.made();
  return { plan, lookups, references: referencesIn(lookups), rules, diagnostics };
}
