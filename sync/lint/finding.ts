import { compareText } from "../../src/rules/compare-text.ts";

/** What a finding says of a manifest, the gravest first: an error would close a route, or cost one. */
export const FINDING_KINDS = ["error", "unsupported", "different", "note", "unchanged"] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Something to know before a manifest moves from ingress-nginx to edgress. */
export interface Finding {
  readonly rule: string; // "slash-redirect", or a diagnostic's reason: "RouteFailedClosed"
  readonly object: string; // "Ingress namespace/name"
  readonly field: string;
  readonly source: string; // "shop.yaml:12"
  readonly kind: FindingKind;
  readonly message: string;
  /** A URL that shows it, and what answers there. */
  readonly url?: string;
  readonly nginx?: string;
  readonly edgress?: string;
}

/** The gravest first, then by object and field; what is found twice is said once. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const keyed = new Map(findings.map((finding) => [buildSortKey(finding), finding]));
  return [...keyed].toSorted(([a], [b]) => compareText(a, b)).map(([, finding]) => finding);
}

function buildSortKey({ kind, object, field, rule, message, source }: Finding): string {
  return JSON.stringify([FINDING_KINDS.indexOf(kind), object, field, rule, message, source]);
}
