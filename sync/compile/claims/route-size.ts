import { readFurtherHosts } from "../../../src/rules/policies/from-to-www.ts";
import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { IngressClaims, IngressConfig } from "../model.ts";
import { annotationCatalog, stripAnnotationPrefix } from "../select/annotation-catalog.ts";

/** Bytes of a route without policies, without its path. */
export const BARE_ROUTE_BYTES = 300;

/** Estimates the bytes of an Ingress's policies in one route, before they are compiled. */
export type EstimatePolicyBytes = (owner: IngressConfig) => number;

/** The objects whose data becomes a part of routes. */
export type EmbeddedObjects = Pick<Cluster, "secrets" | "configMaps">;

/** Annotations whose text does not become a part of the rules. */
const UNUSED_SUPPORT = new Set<string | undefined>(["ignored", "fail-closed", "no-op"]);

/** Creates an estimate from the texts of annotations, and from the Secrets and ConfigMaps that they name. */
export function createSizeEstimate({ secrets, configMaps }: EmbeddedObjects): EstimatePolicyBytes {
  const objects = {
    Secret: new Map(secrets.map((secret) => [nameOf(secret), secret.data])),
    ConfigMap: new Map(configMaps.map((configMap) => [nameOf(configMap), configMap.data])),
  };
  const countEmbeddedBytes = (kind: "Secret" | "ConfigMap", reference: string, namespace: string) => {
    const data = objects[kind].get(reference.includes("/") ? reference : `${namespace}/${reference}`);
    return Object.entries(data ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  };
  return ({ ingress: { namespace, annotations } }) =>
    Object.entries(annotations).reduce((sum, [key, text]) => {
      const row = annotationCatalog.get(stripAnnotationPrefix(key) ?? "")?.row;
      if (!row || UNUSED_SUPPORT.has(row.support)) return sum;
      return sum + text.length + (row.embeds ? countEmbeddedBytes(row.embeds, text.trim(), namespace) : 0);
    }, 0);
}

/** Returns the number of routes that an Ingress requests: its paths, and the unmatched paths of each host. */
export function countRequestedRoutes({ owner, hosts, claims }: IngressClaims): number {
  return (claims.length + hosts.length) * (1 + readFurtherHosts(owner.annotations.values).aliases.length);
}

/** Estimates the bytes of all routes of an Ingress. */
export function estimateBytes(entry: IngressClaims, policyBytes: number): number {
  const pathBytes = entry.claims.reduce((sum, { path }) => sum + path.length, 0);
  return countRequestedRoutes(entry) * (BARE_ROUTE_BYTES + policyBytes) + pathBytes;
}
