import { matchesNamespace, type Permits } from "./model.ts";

/** What a namespace may use of the rules. */
export interface NamespaceLimits {
  /** Routes, with those of aliases. A host without paths uses one. */
  readonly maxRoutes: number;
  /** Paths that are regexes. */
  readonly maxRegexes: number;
  /** Estimated bytes of its routes. */
  readonly maxBytes: number;
  /** Hosts that one Ingress names. */
  readonly maxIngressHosts: number;
  /** Estimated bytes of the routes of one Ingress, over all of its hosts. */
  readonly maxIngressBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/** Limits that no entry of the permits sets. */
export const DEFAULT_LIMITS: NamespaceLimits = {
  maxRoutes: 50_000,
  maxRegexes: 10_000,
  maxBytes: 64 * MEBIBYTE,
  maxIngressHosts: 1000,
  maxIngressBytes: 16 * MEBIBYTE,
};

/** Returns the limits of a namespace: each from the first entry that matches it and sets the limit, or the default. */
export function findLimits({ limits }: Pick<Permits, "limits">, namespace: string): NamespaceLimits {
  if (limits.length === 0) return DEFAULT_LIMITS;
  const entries = limits.filter(({ namespaces }) => matchesNamespace(namespaces, namespace));
  return Object.assign({}, DEFAULT_LIMITS, ...entries.toReversed());
}
