import type { Finding, FindingKind } from "../findings/finding.ts";
import type { SkippedClass } from "../input/class-selection.ts";
import type { ObjectName } from "../input/object-lookup.ts";

/** A finding with its place in the report. */
export interface ReportedFinding extends Finding {
  /** The field in words: a host and path, or an annotation. */
  readonly place: string;
  /** The hosts that it affects. Empty if no Ingress or HTTPRoute depends on the object. */
  readonly hosts: readonly string[];
  /** The id of its cause. */
  readonly cause: string;
  /** Whether the baseline contains it. */
  readonly isKnown: boolean;
}

/** The findings with one rule and one annotation. */
export interface Cause {
  /** `"NoExternalAddress"`, or with its annotation `"RouteFailedClosed configuration-snippet"`. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly title: string;
  /** Distinct remedies, the most frequent first. */
  readonly remedies: readonly string[];
  readonly findings: readonly ReportedFinding[];
  /** The affected hosts and objects, sorted. */
  readonly hosts: readonly string[];
  readonly objects: readonly string[];
}

/** The kinds of objects that get a verdict. */
export const CHECKED_KINDS = ["Ingress", "HTTPRoute", "Gateway", "ListenerSet", "GatewayClass"] as const;
export type CheckedKind = (typeof CHECKED_KINDS)[number];

/** Whether a host or an object can move to the edge. */
export const VERDICTS = ["now", "after-one-change", "after-more-changes", "cannot-move"] as const;
export type VerdictKind = (typeof VERDICTS)[number];

/** The verdict on a host or an object. */
export interface Verdict {
  readonly name: string; // a host, "namespace/name", or the name of a GatewayClass
  readonly verdict: VerdictKind;
  readonly changes: number;
  /** The ids of the causes that block it. */
  readonly causes: readonly string[];
  /** The findings that change a response without blocking. */
  readonly differences: number;
  /** The Ingresses of a host: "namespace/name". */
  readonly ingresses: readonly string[];
  /** All objects of a host: "HTTPRoute namespace/name". */
  readonly objects: readonly string[];
}

export interface ObjectVerdict extends Verdict {
  readonly kind: CheckedKind;
}

/** The result of `edgress lint`. */
export interface LintReport {
  /** The most severe first. */
  readonly findings: readonly ReportedFinding[];
  /** Blocking causes first, those of the most hosts first. */
  readonly causes: readonly Cause[];
  /** Blocked hosts last. */
  readonly hosts: readonly Verdict[];
  /** All objects, those that can move first. */
  readonly objects: readonly ObjectVerdict[];
  /** The Ingresses of `objects`. */
  readonly ingresses: readonly ObjectVerdict[];
  readonly uncheckedObjects: readonly ObjectName[];
  readonly skippedClasses: readonly SkippedClass[];
  /** The number of findings in the baseline that no longer exist. */
  readonly fixedFindings: number;
}
