import { closest, distance } from "fastest-levenshtein";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { findUnreadAnnotation } from "../../collect/foreign-annotations.ts";
import type { Report } from "../diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "./annotation-catalog.ts";
import { type RemovedAnnotation, removedAnnotations } from "./removed-annotations.ts";
import { describeUnreadAnnotation, isUnreadGuard } from "./unread-guards.ts";

/** Reports unknown, removed and foreign annotations. The Ingress is served without them. */
export function reportUnknownAnnotations(ingress: Ingress, report: Report): void {
  for (const [key, text] of Object.entries(ingress.annotations)) {
    const subject = {
      object: `Ingress ${nameOf(ingress)}`,
      source: ingress.source,
      field: `metadata.annotations[${key}]`,
    };
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
