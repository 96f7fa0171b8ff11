import { parseHost } from "../../src/rules/hosts.ts";
import { type Ingress, type IngressPath, type InvalidObject, nameOf } from "../collect/cluster-model.ts";
import { isIngressError } from "./diagnostic-reasons.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "./select/annotation-catalog.ts";

/**
 * Returns the last good version of an Ingress with the restrictions of its broken current version: its guards, its other
 * restricting annotations, and its removals of paths. Guards of the last good version stay.
 */
export function withCurrentRestrictions(
  lastGoodIngress: Ingress,
  current: Ingress | InvalidObject,
  diagnostics: readonly Diagnostic[],
): Ingress {
  const annotations = mergeAnnotations(lastGoodIngress.annotations, current.annotations);
  if (!("rules" in current)) return { ...lastGoodIngress, annotations }; // malformed: its paths are unknown
  const entries = listEntries(current, findBrokenFields(current, diagnostics));
  const rules = lastGoodIngress.rules.map((rule) => ({
    ...rule,
    paths: rule.paths.filter((path) => isKept(parseHostName(rule.host), path, entries)),
  }));
  const defaultBackend = current.defaultBackend && lastGoodIngress.defaultBackend;
  return { ...lastGoodIngress, annotations, defaultBackend, rules: rules.filter(({ paths }) => paths.length > 0) };
}

function mergeAnnotations(lastGood: Ingress["annotations"], current: Ingress["annotations"]): Ingress["annotations"] {
  const restrictions = Object.entries(current).filter(([key]) => {
    const policy = annotationCatalog.get(stripAnnotationPrefix(key) ?? "")?.policy;
    return policy !== undefined && (policy.protects || policy.restricts);
  });
  const names = new Set(restrictions.map(([key]) => stripAnnotationPrefix(key)));
  const others = Object.entries(lastGood).filter(([key]) => !names.has(stripAnnotationPrefix(key) ?? key));
  return Object.fromEntries([...others, ...restrictions]);
}

/** A path of the current version. */
interface CurrentEntry {
  readonly host: string | undefined; // undefined if it is invalid
  readonly path: IngressPath;
  readonly isBroken: boolean;
}

function findBrokenFields(ingress: Ingress, diagnostics: readonly Diagnostic[]): string[] {
  const object = `Ingress ${nameOf(ingress)}`;
  return diagnostics.flatMap((diagnostic) =>
    diagnostic.object === object && isIngressError(diagnostic.reason) ? [diagnostic.field] : [],
  );
}

function listEntries({ rules }: Ingress, brokenFields: readonly string[]): CurrentEntry[] {
  return rules.flatMap(({ host, paths }, ruleIndex) =>
    paths.map((path, pathIndex) => {
      const field = `spec.rules[${ruleIndex}].http.paths[${pathIndex}]`;
      const isBroken = brokenFields.some((broken) => broken === field || broken.startsWith(`${field}.`));
      return { host: parseHostName(host), path, isBroken };
    }),
  );
}

/**
 * Whether the current version still has a last good path, or may have an edited copy of it: a broken path of the same
 * host and backend. Otherwise the path was removed.
 */
function isKept(host: string | undefined, path: IngressPath, entries: readonly CurrentEntry[]): boolean {
  return entries.some((entry) => {
    const isSameHost = entry.host === undefined || entry.host === host;
    if (isSameHost && entry.path.path === path.path) return true;
    return isSameHost && (entry.isBroken || entry.host === undefined) && isSameBackend(entry.path, path);
  });
}

function isSameBackend(a: IngressPath, b: IngressPath): boolean {
  if (a.backend.type === "other" || b.backend.type === "other") return true; // a broken backend may be an edited one
  return a.backend.name === b.backend.name && a.backend.port === b.backend.port;
}

function parseHostName(host: string | undefined): string | undefined {
  const result = parseHost(host);
  return result.ok ? result.value : undefined;
}
