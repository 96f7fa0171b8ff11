import { closest, distance } from "fastest-levenshtein";
import { ANNOTATION_PREFIXES } from "../../collect/annotation-names.ts";
import type { Ingress } from "../../collect/cluster-model.ts";
import { findUnreadAnnotation } from "../../collect/foreign-annotations.ts";
import type { Report } from "../diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "./annotation-catalog.ts";
import { buildAnnotationSubject, findAnnotationKey } from "./annotations.ts";
import { type RemovedAnnotation, removedAnnotations } from "./removed-annotations.ts";
import { describeUnreadAnnotation, isUnreadGuard } from "./unread-guards.ts";

/** Reports unknown, removed, foreign and ignored annotations. The Ingress is served without them. */
export function reportUnknownAnnotations(ingress: Ingress, report: Report): void {
  for (const [key, value] of Object.entries(ingress.ignoredAnnotations ?? {}))
    reportIgnoredAnnotation(ingress, key, value, report);
  for (const [key, text] of Object.entries(ingress.annotations)) {
    const subject = buildAnnotationSubject(ingress, key);
    const unread = findUnreadAnnotation(key);
    if (unread && !isUnreadGuard(key, text)) {
      const { problem, remedy } = describeUnreadAnnotation(unread);
      const reason = unread.type === "foreign" ? "ForeignAnnotation" : "UnknownAnnotation";
      report(reason, subject, `${problem}; ignored`, remedy);
    }
    const name = stripAnnotationPrefix(key);
    if (name !== undefined && !annotationCatalog.has(name))
      report("UnknownAnnotation", subject, ...buildUnknownMessage(name));
  }
}

/** Reports an annotation with the prefix from before 2018, unless the Ingress has the same value with a newer prefix. */
function reportIgnoredAnnotation(ingress: Ingress, key: string, value: string, report: Report): void {
  const name = stripAnnotationPrefix(key) ?? key;
  const newerKey = findAnnotationKey(ingress, name);
  if (newerKey !== undefined && ingress.annotations[newerKey] === value) return;
  const problem = `prefix ${ANNOTATION_PREFIXES[2]} is from before 2018, and the Ingress has a newer prefix; ignored`;
  report("LegacyAnnotation", buildAnnotationSubject(ingress, key), problem, buildLegacyRemedy(name, newerKey));
}

function buildLegacyRemedy(name: string, newerKey: string | undefined): string {
  if (newerKey !== undefined) return `remove it: ${newerKey} applies`;
  if (!annotationCatalog.has(name)) return "remove it";
  return `remove it, or write ${ANNOTATION_PREFIXES[1]}${name} if it must apply`;
}

function buildUnknownMessage(name: string): [problem: string, remedy: string] {
  const removedAnnotation = removedAnnotations.get(name.startsWith("influxdb-") ? "enable-influxdb" : name);
  if (removedAnnotation)
    return [`ingress-nginx ${formatRemoval(removedAnnotation)}; ignored`, removedAnnotation.remedy];
  const suggestion = closest(name, [...annotationCatalog.keys()]);
  const isNear = distance(name, suggestion) <= Math.max(2, Math.floor(name.length / 4));
  return ["unknown annotation; ignored", isNear ? `did you mean ${suggestion}?` : "remove it"];
}

function formatRemoval({ removedIn }: RemovedAnnotation): string {
  if (removedIn === undefined) return "never had it";
  return removedIn === "" ? "removed it long ago" : `removed it in ${removedIn}`;
}
