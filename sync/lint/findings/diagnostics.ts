import { diagnosticReasons, type Reason } from "../../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import { findRemedy } from "./ascii-host.ts";
import type { Finding, FindingKind } from "./finding.ts";
import { findAnnotationValue, findSampleUrl, type IndexedPath, type IngressIndex } from "./ingress-index.ts";

// Reasons whose kind does not follow from the severity, because ingress-nginx behaves the same or supports more.
const KIND_BY_REASON: Partial<Record<Reason, FindingKind>> = {
  UnsupportedAnnotation: "unsupported",
  InvalidAnnotation: "note",
  UnknownAnnotation: "note",
  LegacyAnnotation: "note",
  PathConflict: "note",
  PortVisibleInHost: "different",
};
const KIND_BY_SEVERITY = { error: "error", warning: "different", note: "note" } as const;

/** Responses of ingress-nginx if the edge has no origin. */
const NGINX_RESPONSE_BY_REASON: Partial<Record<Reason, string>> = {
  ServiceNotFound: "503",
  ServicePortNotFound: "503",
};

/** Reasons for which ingress-nginx forwards to Pods that the edge cannot reach. */
export const POD_REASONS: readonly string[] = ["NoExternalAddress", "PortNotProxied", "OriginNotPermitted"];

/** Builds a finding from a diagnostic, with a URL of its path or Ingress. */
export function buildFinding(diagnostic: Diagnostic, index: IngressIndex): Finding {
  const { reason, object, field, source, problem } = diagnostic;
  const remedy = findRemedy(diagnostic, index);
  const kind = KIND_BY_REASON[reason] ?? KIND_BY_SEVERITY[diagnosticReasons[reason].severity];
  const finding = { rule: reason, object, field, source, kind, message: problem, remedy };
  const indexedPath = findIndexedPath(diagnostic, index);
  if (!indexedPath || (reason !== "PortVisibleInHost" && kind !== "error")) return finding;
  const { url } = findSampleUrl(indexedPath);
  if (url === undefined) return finding;
  if (reason === "PortVisibleInHost") {
    return indexedPath.isServed ? { ...finding, url, ...compareHostHeaders(indexedPath, url) } : finding;
  }
  const nginxResponse = findNginxBehavior(diagnostic, index) ?? NGINX_RESPONSE_BY_REASON[reason];
  return { ...finding, url, ...(nginxResponse !== undefined && { nginx: nginxResponse }) };
}

/** Finds the path of a diagnostic. For an annotation, it is the first path of the Ingress. */
function findIndexedPath({ object, field }: Diagnostic, { byObject }: IngressIndex): IndexedPath | undefined {
  const indexedIngress = byObject.get(object);
  if (field.startsWith("metadata.annotations")) return indexedIngress?.paths[0];
  return indexedIngress?.paths.find((path) => field.startsWith(`${path.field}.`));
}

/** Describes the behavior of ingress-nginx for a valid annotation that the edge does not support. */
function findNginxBehavior({ object, field }: Diagnostic, { byObject }: IngressIndex): string | undefined {
  const indexedIngress = byObject.get(object);
  const catalogEntry = annotationCatalog.get(
    stripAnnotationPrefix(/^metadata\.annotations\[(.*)\]$/.exec(field)?.[1] ?? "") ?? "",
  );
  if (!indexedIngress || !catalogEntry) return undefined;
  const value = findAnnotationValue(indexedIngress.parsedAnnotations, catalogEntry);
  if (catalogEntry.name === "backend-protocol" && typeof value === "string") return `served, with ${value}`;
  return value === undefined || catalogEntry.row.support !== "fail-closed"
    ? undefined
    : `served, with ${catalogEntry.name}`;
}

function compareHostHeaders({ route }: IndexedPath, url: string): Pick<Finding, "nginx" | "edgress"> {
  const { host } = new URL(url);
  return { nginx: `Host: ${host}`, edgress: `Host: ${host}:${route.backend?.split(":").at(-1)}` };
}
