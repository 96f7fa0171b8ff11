import type { Finding, FindingKind } from "../findings/finding.ts";
import type { LintRule } from "../findings/lint-rules.ts";
import type { ObjectIndex } from "../findings/object-index.ts";
import type { CloudflarePlan } from "./cloudflare-limits.ts";

/** The input of the checks for tools and limits that edgress knows by name. */
export interface KnownContext {
  readonly index: ObjectIndex;
  readonly zones: readonly string[];
  readonly plan: CloudflarePlan;
}

/** Builds a finding from a problem and its remedy. */
export function buildIssue(
  location: Pick<Finding, "object" | "field" | "source">,
  rule: LintRule,
  kind: FindingKind,
  problem: string,
  remedy: string,
): Finding {
  return { ...location, rule, kind, message: problem, remedy };
}
