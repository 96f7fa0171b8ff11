import { readFurtherHosts } from "../../../src/rules/policies/from-to-www.ts";
import { type Cluster, type Ingress, nameOf } from "../../collect/cluster-model.ts";
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
  return ({ ingress }) => {
    const { textBytes, embedded } = measureAnnotations(ingress);
    return embedded.reduce((sum, { kind, name }) => sum + countEmbeddedBytes(kind, name, ingress.namespace), textBytes);
  };
}

/** Returns the bytes of the annotations that become a part of the rules, and the objects that they name. */
function measureAnnotations({ annotations }: Ingress) {
  const rows = Object.entries(annotations).flatMap(([key, text]) => {
    const row = annotationCatalog.get(stripAnnotationPrefix(key) ?? "")?.row;
    return !row || UNUSED_SUPPORT.has(row.support) ? [] : [{ row, text }];
  });
  return {
    textBytes: rows.reduce((sum, { text }) => sum + text.length, 0),
    embedded: rows.flatMap(({ row: { embeds }, text }) => (embeds ? [{ kind: embeds, name: text.trim() }] : [])),
  };
}

/** Counts what an Ingress requests: its paths, and the unmatched paths of each host, for the host and each alias. */
function measureClaims({ owner, hosts, claims }: IngressClaims) {
  return {
    routes: (claims.length + hosts.length) * (1 + readFurtherHosts(owner.annotations.values).aliases.length),
    pathBytes: claims.reduce((sum, { path, httpRoute }) => sum + path.length + (httpRoute?.bytes ?? 0), 0),
  };
}

/** Estimates the bytes of all routes of an Ingress. */
export function estimateBytes(entry: IngressClaims, policyBytes: number): number {
  const { routes, pathBytes } = measureClaims(entry);
  return routes * (BARE_ROUTE_BYTES + policyBytes) + pathBytes;
}
