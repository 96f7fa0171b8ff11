import { type CompiledPolicy, compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../../../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../../collect/annotation-names.ts";

export interface CatalogEntry {
  readonly name: string;
  readonly policy: CompiledPolicy;
  readonly row: Annotation<unknown>;
}

const entries: readonly CatalogEntry[] = compiledPolicies.flatMap((policy) =>
  Object.entries(policy.annotations).map(([name, row]) => ({ name, policy, row })),
);

/** Every annotation that a policy reads, by name or alias. `name` is the canonical one. */
export const annotationCatalog: ReadonlyMap<string, CatalogEntry> = new Map(
  entries.flatMap((entry) => listNames(entry).map((name) => [name, entry] as const)),
);

const entriesByName = new Map<string, number[]>();
entries.forEach((entry, index) => {
  for (const name of listNames(entry)) entriesByName.set(name, [...(entriesByName.get(name) ?? []), index]);
});

function listNames({ name, row }: CatalogEntry): string[] {
  return [name, ...(row.aliases ?? [])];
}

/** Returns the annotations with these names or aliases, in the order of policies. Several policies may read one. */
export function findCatalogEntries(names: readonly string[]): CatalogEntry[] {
  const indexes = new Set(names.flatMap((name) => entriesByName.get(name) ?? []));
  return [...indexes].toSorted((a, b) => a - b).flatMap((index) => entries[index] ?? []);
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
