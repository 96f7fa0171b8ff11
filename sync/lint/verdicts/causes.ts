import { compareText } from "../../../src/rules/compare-text.ts";
import { diagnosticReasons } from "../../compile/diagnostic-reasons.ts";
import { FINDING_KINDS, type Finding } from "../findings/finding.ts";
import { lintRules } from "../findings/lint-rules.ts";
import type { Cause, ReportedFinding } from "./report.ts";

/** Rules with a separate cause for each annotation, because the remedies differ. */
const ANNOTATION_RULES: readonly Finding["rule"][] = [
  "RouteFailedClosed",
  "UnsupportedAnnotation",
  "UnknownAnnotation",
  "InvalidAnnotation",
  "partial-support",
];

/** Problems of a Service that close a path through an annotation. They are the same cause as for a backend. */
const SERVICE_PROBLEMS: readonly (readonly [message: RegExp, rule: Finding["rule"]])[] = [
  [/^Service \S+ has no external address/, "NoExternalAddress"],
  [/^port \S+ of Service \S+ not proxied/, "PortNotProxied"],
  [/^Service not found:/, "ServiceNotFound"],
];

/** The message of an Ingress whose host an annotation of another Ingress closes. */
const CLOSED_HOST = /^Ingress \S+ closes the whole host \S+: ([a-z-]+): /;

/** Returns the id of a finding's cause. */
export function buildCauseId({ rule, field, message }: Pick<Finding, "rule" | "field" | "message">): string {
  const serviceProblem = SERVICE_PROBLEMS.find(([pattern]) => pattern.test(message));
  if (serviceProblem && rule === "RouteFailedClosed") return serviceProblem[1];
  const closingAnnotation = CLOSED_HOST.exec(message)?.[1];
  if (closingAnnotation !== undefined && rule === "RouteFailedClosed") return `${rule} ${closingAnnotation}`;
  const key = /^metadata\.annotations\[(?:[^/]*\/)?(.*)\]$/.exec(field)?.[1];
  return key !== undefined && ANNOTATION_RULES.includes(rule) ? `${rule} ${key}` : rule;
}

/** Returns the name of a cause in a column: the annotation if there is one, else the rule. */
export function shortenCauseId(id: string): string {
  return id.split(" ").at(-1) ?? id;
}

/** Groups findings by cause: errors first, then by number of hosts. */
export function groupCauses(findings: readonly ReportedFinding[]): Cause[] {
  const groups = Map.groupBy(findings, ({ kind, cause }) => `${kind} ${cause}`);
  return [...groups.values()].map(buildCause).toSorted(byImportance);
}

function buildCause(findings: readonly [ReportedFinding, ...ReportedFinding[]] | readonly ReportedFinding[]): Cause {
  const [{ kind, cause, rule }] = findings as readonly [ReportedFinding]; // a group has at least one item
  const remedies = Map.groupBy(
    findings.flatMap(({ remedy }) => remedy ?? []),
    (remedy) => remedy,
  );
  return {
    id: cause,
    kind,
    title: buildTitle(rule, cause),
    remedies: [...remedies].toSorted(([, a], [, b]) => b.length - a.length).map(([remedy]) => remedy),
    findings,
    hosts: listSorted(findings.flatMap(({ hosts }) => hosts)),
    objects: listSorted(findings.map(({ object }) => object)),
  };
}

/** Titles of rules with one cause per annotation, in place of a diagnostic's description. */
const ANNOTATION_TITLES: Partial<Record<Finding["rule"], string>> = {
  RouteFailedClosed: "closes its paths",
  UnsupportedAnnotation: "unsupported, ignored",
  UnknownAnnotation: "unknown annotation, ignored",
  InvalidAnnotation: "invalid value, ignored",
  "partial-support": "partially supported",
};

/** Returns the first clause of a diagnostic's description, or the title of a rule of lint. */
function buildTitle(rule: Finding["rule"], cause: string): string {
  const annotationTitle = cause.includes(" ") ? ANNOTATION_TITLES[rule] : undefined;
  if (annotationTitle !== undefined) return `${shortenCauseId(cause)}: ${annotationTitle}`;
  const row = { ...lintRules, ...diagnosticReasons }[cause as Finding["rule"]]; // without an annotation, the id is a rule
  return "title" in row ? row.title : (row.doc.split(/[;.]/)[0] ?? row.doc);
}

function byImportance(a: Cause, b: Cause): number {
  return (
    FINDING_KINDS.indexOf(a.kind) - FINDING_KINDS.indexOf(b.kind) ||
    b.hosts.length - a.hosts.length ||
    b.findings.length - a.findings.length ||
    compareText(a.id, b.id)
  );
}

function listSorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted(compareText);
}
