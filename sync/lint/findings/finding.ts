import { compareText } from "../../../src/rules/compare-text.ts";
import type { Reason } from "../../compile/diagnostic-reasons.ts";
import type { LintRule } from "./lint-rules.ts";

/** Kinds of findings, most severe first. An error drops a route or makes it fail closed. */
export const FINDING_KINDS = ["error", "unsupported", "different", "note", "unchanged"] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** What the edge does with a part of an object, and how an Ingress differs from ingress-nginx. */
export interface Finding {
  readonly rule: LintRule | Reason;
  readonly object: string; // "Ingress namespace/name", "GatewayClass name"
  readonly field: string;
  readonly source: string; // "shop.yaml:12"
  readonly kind: FindingKind;
  readonly message: string;
  /** The change to make, in the imperative, if there is one. */
  readonly remedy?: string;
  /** A sample URL, and the responses there. */
  readonly url?: string;
  readonly nginx?: string;
  readonly edgress?: string;
}

/** Whether a finding can have a response of ingress-nginx: other kinds of objects do not come from there. */
export function isAboutIngress({ object }: Pick<Finding, "object">): boolean {
  return object.startsWith("Ingress ");
}

/** Sorts findings by severity, object and field, and removes duplicates. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const keyed = new Map(findings.map((finding) => [buildSortKey(finding), finding]));
  return [...keyed].toSorted(([a], [b]) => compareText(a, b)).map(([, finding]) => finding);
}

function buildSortKey({ kind, object, field, rule, message, source }: Finding): string {
  return JSON.stringify([FINDING_KINDS.indexOf(kind), object, field, rule, message, source]);
}
