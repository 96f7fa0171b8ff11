import { type CompiledPolicy, compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../../../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../../collect/annotation-names.ts";

/** Every annotation that a policy reads, by name or alias. `name` is the canonical one. */
export const annotationCatalog: ReadonlyMap<string, CatalogEntry> = new Map(
  compiledPolicies.flatMap((policy) =>
    Object.entries(policy.annotations).flatMap(([name, row]) =>
      [name, ...(row.aliases ?? [])].map((alias): [string, CatalogEntry] => [alias, { name, policy, row }]),
    ),
  ),
);

export interface CatalogEntry {
  readonly name: string;
  readonly policy: CompiledPolicy;
  readonly row: Annotation<unknown>;
}

/** Returns an annotation without its prefix; undefined if it has none of our prefixes. */
export function stripAnnotationPrefix(annotation: string): string | undefined {
  const prefix = ANNOTATION_PREFIXES.find((candidate) => annotation.startsWith(candidate));
  return prefix && annotation.slice(prefix.length);
}

/** Whether the edge does not support an annotation and closes the routes that set it. */
export function failsClosed(name: string): boolean {
  return annotationCatalog.get(name)?.row.support === "fail-closed";
}
