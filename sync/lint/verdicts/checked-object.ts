import type { Finding } from "../findings/finding.ts";
import type { CheckedKind } from "./report.ts";

/** The part of a manifest that a finding is about. */
export interface FindingPlace {
  /** The field in words: a host and path, or an annotation. */
  readonly place: string;
  readonly hosts: readonly string[];
}

/** An object that gets a verdict. */
export interface CheckedObject {
  readonly kind: CheckedKind;
  readonly name: string; // "namespace/name"; the name of a GatewayClass
  readonly annotations: Readonly<Record<string, string>>;
  /** The hosts that it serves as rules name them; `*` for any host. Empty for a Gateway, whose routes have them. */
  readonly hosts: readonly string[];
  /** Returns the host and path of a finding, or undefined if it has no place other than its field. */
  readonly findPlace: (finding: Pick<Finding, "rule" | "field" | "message">) => FindingPlace | undefined;
  /** The hosts of a finding without a place. */
  readonly listAffectedHosts: (finding: Pick<Finding, "field">) => readonly string[];
}

/** Returns the object of findings: "Ingress namespace/name". */
export function formatObject({ kind, name }: Pick<CheckedObject, "kind" | "name">): string {
  return `${kind} ${name}`;
}
