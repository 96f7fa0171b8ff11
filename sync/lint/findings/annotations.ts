import type { AnnotationRow } from "../../../src/rules/policies/policy.ts";
import {
  annotationCatalog,
  type CatalogEntry,
  stripAnnotationPrefix,
} from "../../compile/select/annotation-catalog.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, findAnnotationValue, type IndexedIngress } from "./ingress-index.ts";
import { parseDirectives } from "./snippets.ts";

/** An annotation with the key that edgress reads, and its row. */
interface UsedAnnotation extends CatalogEntry {
  readonly key: string;
  readonly value: string;
}

/** Reports how an Ingress's annotations are supported. Unsupported annotations are diagnostics already. */
export function checkAnnotations(indexedIngress: IndexedIngress): Finding[] {
  const { ingress } = indexedIngress;
  const usedAnnotations = listUsedAnnotations(indexedIngress);
  const supportFindings = usedAnnotations.flatMap(({ key, row }): Finding[] => {
    const location = buildLocation(ingress, `metadata.annotations[${key}]`);
    if (row.support === "partial" && row.difference) {
      return [{ ...location, rule: "partial-support", kind: "different", message: row.difference }];
    }
    if (row.support !== "no-op") return [];
    return [{ ...location, rule: "no-op", kind: "unchanged", message: `no effect: ${row.difference ?? row.doc}` }];
  });
  return [...supportFindings, ...checkSnippets(usedAnnotations, ingress)];
}

/** Reports the served paths and the fully supported annotations of an Ingress that no other finding is about. */
export function summarizeSupport(indexedIngress: IndexedIngress, otherFindings: readonly Finding[]): Finding[] {
  const { ingress, paths } = indexedIngress;
  const servedCount = new Set(paths.filter(({ isServed }) => isServed).map(({ field }) => field)).size;
  if (servedCount === 0) return [];
  const { object } = buildLocation(ingress, "");
  const reportedFields = new Set(otherFindings.filter((other) => other.object === object).map(({ field }) => field));
  const names = listUsedAnnotations(indexedIngress)
    .filter(({ key, row }) => (row.support ?? "full") === "full" && !reportedFields.has(`metadata.annotations[${key}]`))
    .map(({ name }) => name);
  const count = `${servedCount} ${servedCount === 1 ? "path" : "paths"}`;
  const message = `${count}${names.length > 0 ? `, and ${names.join(", ")}` : ""}: as in ingress-nginx`;
  return [{ ...buildLocation(ingress, "spec.rules"), rule: "full-support", kind: "unchanged", message }];
}

/** Lists the valid annotations, each once. Under a second prefix or an alias, an annotation is ignored. */
function listUsedAnnotations({ ingress, parsedAnnotations }: IndexedIngress): UsedAnnotation[] {
  return Object.entries(ingress.annotations).flatMap(([key, value]) => {
    const entry = annotationCatalog.get(stripAnnotationPrefix(key) ?? "");
    if (!entry || findAnnotationValue(parsedAnnotations, entry) === undefined) return [];
    const names = [entry.name, ...(entry.row.aliases ?? [])];
    const usedKey = names.map((name) => parsedAnnotations.findKey(name)).find((candidate) => candidate !== undefined);
    return usedKey === key ? [{ key, value, ...entry }] : [];
  });
}

function checkSnippets(
  entries: readonly { readonly key: string; readonly value: string; readonly row: AnnotationRow }[],
  ingress: IndexedIngress["ingress"],
): Finding[] {
  return entries
    .filter(({ row }) => row.holdsDirectives)
    .flatMap(({ key, value }) =>
      parseDirectives(value).map(({ directive, advice }): Finding => {
        const location = buildLocation(ingress, `metadata.annotations[${key}]`);
        return { ...location, rule: "snippet", kind: "unsupported", message: directive, remedy: advice };
      }),
    );
}
