import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import type { AnnotationRow, SupportLevel } from "../../src/rules/policies/policy.ts";
import { formatCode, formatMarkdownTable, joinParts } from "./markdown.ts";

/** How near an annotation comes to ingress-nginx, in words. */
const supportLevelLabels: Readonly<Record<SupportLevel, string>> = {
  full: "full",
  "no-op": "no-op",
  partial: "partial",
  ignored: "ignored",
  "fail-closed": "fails closed",
};

const supportLevelDocs: Readonly<Record<SupportLevel, string>> = {
  full: "The behavior is the same as in ingress-nginx.",
  "no-op": "It tunes nginx itself and has no visible effect. It may stay.",
  partial: "The intent is the same, by other means. The last column has the difference.",
  ignored: "Paths are served without its effect, and a warning reports it. The last column has an alternative.",
  "fail-closed": "Its paths return 503, unless `edgress.dev/accept-degraded` lists it.",
};

/** Returns the page of all annotations. */
export function formatAnnotationsPage(): string {
  // By name: an annotation that two policies read has one row.
  const rows = new Map(compiledPolicies.flatMap(({ annotations }) => Object.entries<AnnotationRow>(annotations)));
  return joinParts(
    "# Annotations",
    "Annotations are read under three prefixes. The order is the precedence: `edgress.dev/`, `nginx.ingress.kubernetes.io/`, and the",
    "pre-2018 `ingress.kubernetes.io/`. The last one applies only to objects of `extensions/v1beta1`, and to Ingresses without an",
    "annotation of another prefix. Otherwise it is ignored and reported as [`LegacyAnnotation`](../operations.md#legacyannotation).",
    "The table has the annotations in the order in which they act on a request.",
    "",
    formatMarkdownTable(
      ["Support", "Meaning"],
      Object.entries(supportLevelDocs).map(([level, doc]) => [supportLevelLabels[level as SupportLevel], doc]), // keys of a literal
    ),
    "",
    "*Guard*: an unreadable value makes the Ingress's paths return 503. `edgress lint` reports the support level of every annotation in",
    "your manifests.",
    "",
    formatMarkdownTable(
      ["Annotation", "What it does", "Default", "Example", "Support", "Difference"],
      [...rows].map(formatAnnotationCells),
    ),
  );
}

function formatAnnotationCells([name, row]: [string, AnnotationRow]): string[] {
  const { doc, example, support = "full", difference = "", guards, aliases = [] } = row;
  return [
    [name, ...aliases].map(formatCode).join(", "),
    guards ? `${doc} *Guard.*` : doc,
    formatDefault(row),
    formatCode(example),
    supportLevelLabels[support],
    difference,
  ];
}

function formatDefault({ default: value }: AnnotationRow): string {
  if (value === "") return "empty";
  return value === "none" ? value : formatCode(value);
}
