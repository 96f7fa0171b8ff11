import type { HealthCheckSettings } from "../../src/rules/policies/health-check.ts";
import type { AddressCheckResult } from "./check-address.ts";

/** The state of an address after some checks. */
export interface CheckState {
  readonly isHealthy: boolean;
  /** Results in sequence that contradict the state. */
  readonly contradictions: number;
  /** The problem that made the address unhealthy, or may do so with the next checks. */
  readonly problem: string | undefined;
  /** Time of the last change, in milliseconds since 1970; undefined if the state never changed. */
  readonly changedAt: number | undefined;
}

/** Returns the state of an address that was not checked yet: the published one. */
export function createCheckState(isHealthy: boolean): CheckState {
  return { isHealthy, contradictions: 0, problem: undefined, changedAt: undefined };
}

/** Returns the state after a result. It changes after as many results in sequence as its threshold. */
export function addResult(
  state: CheckState,
  result: AddressCheckResult,
  { healthyThreshold, unhealthyThreshold }: Pick<HealthCheckSettings, "healthyThreshold" | "unhealthyThreshold">,
  now: number,
): CheckState {
  // The first problem stays, so that an address whose problems vary is reported once.
  const isNews = !result.ok && (state.isHealthy || state.problem === undefined);
  const problem = isNews ? result.problem : state.problem;
  if (result.ok === state.isHealthy) return { ...state, problem, contradictions: 0 };
  const contradictions = state.contradictions + 1;
  if (contradictions < (result.ok ? healthyThreshold : unhealthyThreshold))
    return { ...state, problem, contradictions };
  return { isHealthy: result.ok, contradictions: 0, problem, changedAt: now };
}
