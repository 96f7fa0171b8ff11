import type { ParsedAnnotations } from "../compile/model.ts";
import type { BackendManifest, MatchManifest, RuleManifest } from "./route-manifest.ts";

type CanaryValues = ParsedAnnotations["values"]["canary"];

const DEFAULT_TOTAL = 100;

/** Returns why a canary has no counterpart. */
export function findCanaryProblem(values: CanaryValues): { annotation: string; problem: string } | undefined {
  if (values["canary-by-cookie"] !== undefined) {
    return { annotation: "canary-by-cookie", problem: "an HTTPRoute matches no cookies" };
  }
  if (values["canary-by-header-pattern"] !== undefined && values["canary-by-header-value"] === undefined) {
    return { annotation: "canary-by-header-pattern", problem: "regexes of an HTTPRoute match the whole value" };
  }
  return undefined;
}

/** Returns the rules of a path with a canary: one for each value of its header, and one with weights. */
export function buildCanaryRules(
  rule: RuleManifest,
  primary: BackendManifest,
  canary: BackendManifest,
  values: CanaryValues,
): readonly RuleManifest[] {
  const total = Math.max(DEFAULT_TOTAL, Number(values["canary-weight-total"] ?? 0));
  const weight = Math.min(total, Number(values["canary-weight"] ?? 0));
  const weighted = [
    { ...primary, weight: total - weight },
    { ...canary, weight },
  ];
  const name = values["canary-by-header"];
  if (name === undefined) return [{ ...rule, backendRefs: weighted }];
  const withHeader = (value: string, backend: BackendManifest): RuleManifest => ({
    ...rule,
    matches: rule.matches.map((match): MatchManifest => ({ ...match, headers: [{ name: String(name), value }] })),
    backendRefs: [backend],
  });
  const value = values["canary-by-header-value"];
  const headerRules =
    value === undefined
      ? [withHeader("always", canary), withHeader("never", primary)]
      : [withHeader(String(value), canary)];
  return [...headerRules, { ...rule, backendRefs: weighted }];
}
