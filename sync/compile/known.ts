import { allPolicies } from "../../src/rules/policies/all.ts";
import type { Annotation } from "../../src/rules/policies/define.ts";
import { PREFIXES } from "./annotations.ts";

/** Every annotation that a policy reads, by name, aliases included; names are the canonical ones. */
export const known: ReadonlyMap<string, Known> = new Map(
  allPolicies.flatMap(({ name: policy, annotations }) =>
    Object.entries<Annotation<unknown>>(annotations).flatMap(([name, row]) =>
      [name, ...(row.aliases ?? [])].map((written): [string, Known] => [written, { name, policy, row }]),
    ),
  ),
);

export interface Known {
  readonly name: string;
  readonly policy: string;
  readonly row: Annotation<unknown>;
}

/** An annotation without the prefix, if it stands under one of ours. */
export function bareName(annotation: string): string | undefined {
  const prefix = PREFIXES.find((candidate) => annotation.startsWith(candidate));
  return prefix && annotation.slice(prefix.length);
}

/** Whether an annotation asks for what the edge cannot do and a route must not do without. */
export function closesRoutes(name: string): boolean {
  return known.get(name)?.row.nearness === "never";
}
