import { type Permits, permitsReference } from "../../permits/model.ts";

/** A Service by its name. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Whether an Ingress of a namespace may refer to a Service in an annotation. "ungranted": without permits
 * any reference is allowed, as in ingress-nginx.
 */
export type ReferenceVerdict = "allowed" | "ungranted" | "refused";

/** Judges a reference from a namespace to a Service. A ReferenceGrant or an entry of the permits allows it. */
export function judgeReference(
  from: string,
  service: ServiceName,
  isGranted: (reference: string) => boolean,
  { references }: Permits,
): ReferenceVerdict {
  if (from === service.namespace || isGranted(formatReference(from, service))) return "allowed";
  if (references === undefined) return "ungranted";
  return permitsReference(references, from, service) ? "allowed" : "refused";
}

/** Returns the key of a reference in the index. */
export function formatReference(from: string, { namespace, name }: ServiceName): string {
  return `${from} ${namespace}/${name}`;
}
