import type { ReferenceGrant, Referrer } from "../../collect/cluster-model.ts";
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
  if (from === service.namespace) return "allowed";
  const referrer = { group: "networking.k8s.io", kind: "Ingress", namespace: from };
  if (isGranted(formatReference(referrer, { group: "", kind: "Service", ...service }))) return "allowed";
  if (references === undefined) return "ungranted";
  return permitsReference(references, from, service) ? "allowed" : "refused";
}

/** An object of a namespace. */
export interface ReferencedObject extends ServiceName {
  readonly group: string;
  readonly kind: string;
}

/** Returns the key of a reference in the index. */
export function formatReference(from: Referrer, { group, kind, namespace, name }: ReferencedObject): string {
  return `${from.group}/${from.kind} ${from.namespace} ${group}/${kind} ${namespace}/${name}`;
}

/** Returns a function that returns whether a ReferenceGrant allows a reference, by its key. */
export function createGrantLookup(grants: readonly ReferenceGrant[]): (reference: string) => boolean {
  const references = new Set(
    grants.flatMap(({ namespace, from, to }) =>
      from.flatMap((referrer) =>
        to.map(({ group, kind, name = "*" }) => formatReference(referrer, { group, kind, namespace, name })),
      ),
    ),
  );
  return (reference) =>
    references.has(reference) || references.has(`${reference.slice(0, reference.lastIndexOf("/"))}/*`);
}
