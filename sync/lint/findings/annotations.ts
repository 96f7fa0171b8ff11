import type { AnnotationRow } from "../../../src/rules/policies/policy.ts";
import { annotationCatalog, stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, findAnnotationValue, type IndexedIngress } from "./ingress-index.ts";
import { parseDirectives } from "./snippets.ts";

/** Reports how an Ingress's annotations are supported. Unsupported annotations are diagnostics already. */
export function checkAnnotations({ ingress, parsedAnnotations, paths }: IndexedIngress): Finding[] {
  const entries = Object.entries(ingress.annotations).flatMap(([key, value]) => {
    const catalogEntry = annotationCatalog.get(stripAnnotationPrefix(key) ?? "");
    return catalogEntry && findAnnotationValue(parsedAnnotations, catalogEntry) !== undefined
      ? [{ key, value, ...catalogEntry }]
      : [];
  });
  const supportFindings = entries.flatMap(({ key, row }): Finding[] => {
    const location = buildLocation(ingress, `metadata.annotations[${key}]`);
    if (row.support === "partial" && row.difference) {
      return [{ ...location, rule: "partial-support", kind: "different", message: row.difference }];
    }
    if (row.support !== "no-op") return [];
    return [{ ...location, rule: "no-op", kind: "unchanged", message: `no effect: ${row.difference ?? row.doc}` }];
  });
  const fullySupported = entries.filter(({ row }) => (row.support ?? "full") === "full").map(({ name }) => name);
  const servedCount = paths.filter(({ isServed }) => isServed).length;
  const count = `${servedCount} ${servedCount === 1 ? "path" : "paths"}`;
  const message = `${count}${fullySupported.length > 0 ? `, and ${fullySupported.join(", ")}` : ""}: as in ingress-nginx`;
  const summary: Finding = {
    ...buildLocation(ingress, "spec.rules"),
    rule: "full-support",
    kind: "unchanged",
    message,
  };
  return [...supportFindings, ...(servedCount > 0 ? [summary] : []), ...checkSnippets(entries, ingress)];
}

function checkSnippets(
  entries: readonly { readonly key: string; readonly value: string; readonly row: AnnotationRow }[],
  ingress: IndexedIngress["ingress"],
): Finding[] {
  return entries
    .filter(({ row }) => row.holdsDirectives)
    .flatMap(({ key, value }) =>
      parseDirectives(value).map(({ directive, advice }): Finding => {
        const message = `${directive}: ${advice}`;
        return {
          ...buildLocation(ingress, `metadata.annotations[${key}]`),
          rule: "snippet",
          kind: "unsupported",
          message,
        };
      }),
    );
}
