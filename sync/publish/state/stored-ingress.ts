import { stringify } from "safe-stable-stringify";
import * as z from "zod";
import { ANNOTATION_PREFIXES, CLASS_ANNOTATION, LIVE_GENERATION_ANNOTATION } from "../../collect/annotation-names.ts";
import type { Ingress } from "../../collect/cluster-model.ts";
import { findUnreadAnnotation } from "../../collect/foreign-annotations.ts";
import { memoize } from "../../incremental/memoize.ts";

// JSON has no undefined: it is stored as null. An absent key stays absent.
const undefinedAsNull = <T extends z.ZodType>(type: T) => z.nullable(type).transform((value) => value ?? undefined);

const StoredBackend = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("service"), name: z.string(), port: z.union([z.number(), z.string()]) }),
  z.strictObject({ type: z.literal("other"), problem: z.string(), remedy: z.string() }),
]);

const StoredPath = z.strictObject({
  path: undefinedAsNull(z.string()).optional(),
  pathType: undefinedAsNull(z.string()).optional(),
  backend: StoredBackend,
});

const StoredIngress = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  source: z.string(),
  uid: undefinedAsNull(z.string()),
  isAcmeSolver: z.literal(true).optional(),
  annotations: z.record(z.string(), z.string()),
  created: undefinedAsNull(z.string()),
  className: undefinedAsNull(z.string()),
  defaultBackend: undefinedAsNull(StoredBackend),
  tls: z.array(z.strictObject({ hosts: z.array(z.string()), secretName: undefinedAsNull(z.string()) })),
  // Absent `path` and `pathType` stay absent, as in collected Ingresses, although the type of Ingress has both.
  rules: z.array(z.strictObject({ host: undefinedAsNull(z.string()), paths: z.array(StoredPath) })),
});

/** Ingresses of one shard, as stored in KV. */
export const StoredIngresses = z
  .strictObject({ ingresses: z.array(StoredIngress) })
  .transform(({ ingresses }) => ingresses as Ingress[]); // see `rules` above

/** Returns canonical JSON of an Ingress, with only the annotations that apply. */
export const serializeIngress = memoize(({ ignoredAnnotations: _, ...ingress }: Ingress): string => {
  const annotations = Object.fromEntries(
    Object.entries(ingress.annotations).filter(([key]) => isRelevantAnnotation(key)),
  );
  const text = stringify({ ...ingress, annotations }, (_, value) => (value === undefined ? null : value)) ?? "null";
  return flattenString(text);
});

/** Copies a text, because V8 stores a concatenated string as its pieces, in ten times the memory. */
function flattenString(text: string): string {
  return Buffer.from(text).toString();
}

function isRelevantAnnotation(annotation: string): boolean {
  if (annotation === LIVE_GENERATION_ANNOTATION) return false; // because a sync writes it, so each sync would cause another
  if (annotation === CLASS_ANNOTATION || findUnreadAnnotation(annotation) !== undefined) return true;
  return ANNOTATION_PREFIXES.some((prefix) => annotation.startsWith(prefix));
}
