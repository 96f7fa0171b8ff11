import { diagnosticReasons, type Reason } from "../../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import { listRouteParents } from "../input/own-gateway-objects.ts";
import { findRemedy } from "./ascii-host.ts";
import { type Finding, type FindingKind, isAboutIngress } from "./finding.ts";
import { findAnnotationValue, findSampleUrl, type IndexedPath, type ObjectIndex } from "./object-index.ts";

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

/** Reasons whose kind is the same without ingress-nginx. */
const KIND_OF_ROUTES: Partial<Record<Reason, FindingKind>> = { UnsupportedAnnotation: "unsupported" };

/** Responses of ingress-nginx if the edge has no origin. */
const NGINX_RESPONSE_BY_REASON: Partial<Record<Reason, string>> = {
  ServiceNotFound: "503",
  ServicePortNotFound: "503",
};

/** Reasons for which ingress-nginx forwards to Pods that the edge cannot reach. */
export const POD_REASONS: readonly string[] = ["NoExternalAddress", "PortNotProxied", "OriginNotPermitted"];

/** Builds a finding from a diagnostic, with a URL of its path or Ingress. */
export function buildFinding(diagnostic: Diagnostic, index: ObjectIndex): Finding {
  const { reason, object, field, source, problem } = diagnostic;
  const remedy = findRemedy(diagnostic, index);
  const kind = chooseKind(diagnostic, index);
  const finding = { rule: reason, object, field, source, kind, message: problem, remedy };
  const indexedPath = findIndexedPath(diagnostic, index);
  if (!indexedPath || (reason !== "PortVisibleInHost" && kind !== "error")) return finding;
  const { url } = findSampleUrl(indexedPath);
  if (url === undefined) return finding;
  if (reason === "PortVisibleInHost") {
    return indexedPath.isServed ? { ...finding, url, ...compareHostHeaders(indexedPath, url) } : finding;
  }
  if (!isAboutIngress(finding)) return { ...finding, url };
  const nginxResponse = findNginxBehavior(diagnostic, index) ?? NGINX_RESPONSE_BY_REASON[reason];
  return { ...finding, url, ...(nginxResponse !== undefined && { nginx: nginxResponse }) };
}

function chooseKind(diagnostic: Diagnostic, { byObject, gateway }: ObjectIndex): FindingKind {
  const { reason, object } = diagnostic;
  const kinds = isAboutIngress(diagnostic) ? KIND_BY_REASON : KIND_OF_ROUTES;
  const route = byObject.get(object)?.httpRoute;
  // A route that has another parent is served there.
  const isUnserved = route && listRouteParents(route).every(({ parent }) => gateway.lacksParent(parent));
  if (reason === "GatewayNotFound" && isUnserved) return "error";
  return kinds[reason] ?? KIND_BY_SEVERITY[diagnosticReasons[reason].severity];
}

/** Finds the path of a diagnostic. For an annotation, it is the first path of the object. */
function findIndexedPath({ object, field }: Diagnostic, { byObject }: ObjectIndex): IndexedPath | undefined {
  const indexedObject = byObject.get(object);
  if (field.startsWith("metadata.annotations")) return indexedObject?.paths[0];
  return (
    indexedObject?.paths.find((path) => field === path.field) ??
    indexedObject?.paths.find((path) => field.startsWith(`${path.scope}.`))
  );
}

/** Describes the behavior of ingress-nginx for a valid annotation that the edge does not support. */
function findNginxBehavior({ object, field }: Diagnostic, { byObject }: ObjectIndex): string | undefined {
  const indexedObject = byObject.get(object);
  const catalogEntry = annotationCatalog.get(
    stripAnnotationPrefix(/^metadata\.annotations\[(.*)\]$/.exec(field)?.[1] ?? "") ?? "",
  );
  if (!indexedObject || !catalogEntry) return undefined;
  const value = findAnnotationValue(indexedObject.parsedAnnotations, catalogEntry);
  if (catalogEntry.name === "backend-protocol" && typeof value === "string") return `served, with ${value}`;
  return value === undefined || catalogEntry.row.support !== "fail-closed"
    ? undefined
    : `served, with ${catalogEntry.name}`;
}

function compareHostHeaders({ route }: IndexedPath, url: string): Pick<Finding, "nginx" | "edgress"> {
  const { host } = new URL(url);
  return { nginx: `Host: ${host}`, edgress: `Host: ${host}:${route.backend?.split(":").at(-1)}` };
}
