import type { Snippet } from "../../../src/rules/policies/snippet.ts";
import {
  annotationCatalog,
  type CatalogEntry,
  stripAnnotationPrefix,
} from "../../compile/select/annotation-catalog.ts";
import { formatCount } from "../../runtime/format-count.ts";
import type { CloudflarePlan } from "../knowledge/cloudflare-limits.ts";
import { describeDifference } from "../knowledge/value-differences.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, findAnnotationValue, type IndexedObject } from "./object-index.ts";
import { describeSnippet } from "./snippets.ts";

/** An annotation with the key that edgress reads, and its row. */
interface UsedAnnotation extends CatalogEntry {
  readonly key: string;
  readonly value: string;
}

/** Reports how the annotations of an object are supported. Unsupported annotations are diagnostics already. */
export function checkAnnotations(indexedObject: IndexedObject, plan: CloudflarePlan): Finding[] {
  const { owner, parsedAnnotations } = indexedObject;
  const usedAnnotations = listUsedAnnotations(indexedObject);
  const supportFindings = usedAnnotations.flatMap(({ key, name, policy, row }): Finding[] => {
    const location = buildLocation(owner, `metadata.annotations[${key}]`);
    if (row.support === "partial") {
      const value = findAnnotationValue(parsedAnnotations, { policy, name });
      const message = describeDifference(name, value, row, plan);
      return message === undefined ? [] : [{ ...location, rule: "partial-support", kind: "different", message }];
    }
    if (row.support !== "no-op") return [];
    return [{ ...location, rule: "no-op", kind: "unchanged", message: `no effect: ${row.difference ?? row.doc}` }];
  });
  return [...supportFindings, ...checkSnippets(indexedObject)];
}

/** Reports the served paths and the fully supported annotations of an Ingress that no other finding is about. */
export function summarizeSupport(indexedObject: IndexedObject, otherFindings: readonly Finding[]): Finding[] {
  const { owner, paths } = indexedObject;
  const servedCount = new Set(paths.filter(({ isServed }) => isServed).map(({ field }) => field)).size;
  if (servedCount === 0) return [];
  const { object } = buildLocation(owner, "");
  const reportedFields = new Set(otherFindings.filter((other) => other.object === object).map(({ field }) => field));
  const names = listUsedAnnotations(indexedObject)
    .filter(({ key, row }) => (row.support ?? "full") === "full" && !reportedFields.has(`metadata.annotations[${key}]`))
    .map(({ name }) => name);
  const count = formatCount(servedCount, "path");
  const message = `${count}${names.length > 0 ? `, and ${names.join(", ")}` : ""}: as in ingress-nginx`;
  return [{ ...buildLocation(owner, "spec.rules"), rule: "full-support", kind: "unchanged", message }];
}

/** Lists the valid annotations, each once. Under a second prefix or an alias, an annotation is ignored. */
function listUsedAnnotations({ owner, parsedAnnotations }: IndexedObject): UsedAnnotation[] {
  return Object.entries(owner.annotations).flatMap(([key, value]) => {
    const entry = annotationCatalog.get(stripAnnotationPrefix(key) ?? "");
    if (!entry || findAnnotationValue(parsedAnnotations, entry) === undefined) return [];
    const names = [entry.name, ...(entry.row.aliases ?? [])];
    const usedKey = names.map((name) => parsedAnnotations.findKey(name)).find((candidate) => candidate !== undefined);
    return usedKey === key ? [{ key, value, ...entry }] : [];
  });
}

function checkSnippets({ owner, parsedAnnotations }: IndexedObject): Finding[] {
  const hasAuthUrl = parsedAnnotations.findKey("auth-url") !== undefined;
  return Object.entries(annotationsWithDirectives).flatMap(([name, policyName]) => {
    const key = parsedAnnotations.findKey(name);
    const snippet = parsedAnnotations.values[policyName][name] as Snippet | undefined; // as the row reads it
    if (key === undefined || snippet === undefined) return [];
    const location = buildLocation(owner, `metadata.annotations[${key}]`);
    return describeSnippet(snippet, hasAuthUrl).map((finding): Finding => ({ ...location, ...finding }));
  });
}

/** The annotations with nginx configuration, and a policy that reads them. */
const annotationsWithDirectives = {
  "configuration-snippet": "unsupportedAnnotations",
  "auth-snippet": "unsupportedAnnotations",
  "server-snippet": "unsupportedHostAnnotations",
} as const;
