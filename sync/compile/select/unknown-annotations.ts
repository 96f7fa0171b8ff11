import { closest, distance } from "fastest-levenshtein";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "./annotation-catalog.ts";
import { type RemovedAnnotation, removedAnnotations } from "./removed-annotations.ts";

/** Prefixes of another controller for nginx, F5's, which are often taken for ingress-nginx's. */
const foreignPrefixes = ["nginx.org/", "nginx.com/"];

/** Reports annotations that mean nothing here though they look as if they did. Their Ingress serves all the same. */
export function reportUnknownAnnotations(ingress: Ingress, report: Report): void {
  for (const key of Object.keys(ingress.annotations)) {
    const subject = {
      object: `Ingress ${nameOf(ingress)}`,
      source: ingress.source,
      field: `metadata.annotations[${key}]`,
    };
    const prefix = foreignPrefixes.find((candidate) => key.startsWith(candidate));
    if (prefix) {
      const remedy = `write what it is for under nginx.ingress.kubernetes.io/, or leave it`;
      report("ForeignAnnotation", subject, `${prefix} is F5's controller's, and means nothing here`, remedy);
    }
    const name = stripAnnotationPrefix(key);
    if (name !== undefined && !annotationCatalog.has(name))
      report("UnknownAnnotation", subject, ...buildUnknownMessage(name));
  }
}

function buildUnknownMessage(name: string): [problem: string, remedy: string] {
  const removedAnnotation =
    removedAnnotations[name] ?? (name.startsWith("influxdb-") ? removedAnnotations["enable-influxdb"] : undefined);
  if (removedAnnotation)
    return [`ingress-nginx ${formatRemoval(removedAnnotation)}, and it means nothing here`, removedAnnotation.remedy];
  const suggestion = closest(name, [...annotationCatalog.keys()]);
  const isNear = distance(name, suggestion) <= Math.max(2, Math.floor(name.length / 4));
  return [
    "there is no such annotation, so it means nothing here",
    isNear ? `is it ${suggestion} that is meant?` : "remove it",
  ];
}

function formatRemoval({ removedIn }: RemovedAnnotation): string {
  if (removedIn === undefined) return "never had it";
  return removedIn === "" ? "dropped it long ago" : `dropped it in ${removedIn}`;
}
