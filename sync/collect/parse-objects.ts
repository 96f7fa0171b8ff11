import type * as z from "zod";
import { buildIngress, buildIngressClass, buildReferenceGrant, buildSecret, buildService } from "./build-objects.ts";
import type { Cluster } from "./cluster-model.ts";
import { addImpliedNamespaces, selectGatewayObjects } from "./gateway/gateway-objects.ts";
import { parseGatewayObject } from "./gateway/parse-gateway-objects.ts";
import { IngressV1, IngressV1beta1 } from "./ingress/ingress-schemas.ts";
import type { Meta } from "./object-meta.ts";
import { buildInvalidObject, type ParsedObject, parseWith, selectKind } from "./parsed-object.ts";
import {
  ConfigMapObject,
  Identity,
  IngressClassObject,
  ReferenceGrantObject,
  SecretObject,
  ServiceObject,
} from "./schemas.ts";

/** An object before parsing. */
export interface RawObject {
  readonly object: unknown;
  readonly source: string;
}

/** Parses objects into a cluster. It never throws: it lists invalid objects and ignores unrelated kinds. */
export function parseCluster(rawObjects: readonly RawObject[]): Cluster {
  const cluster = assembleCluster(rejectDuplicates(rawObjects.flatMap(expandList).flatMap(parseObject)));
  return { ...cluster, gateway: addImpliedNamespaces(cluster.gateway) };
}

/** Assembles a cluster from parsed objects. */
export function assembleCluster(parsedObjects: readonly ParsedObject[]): Cluster {
  return {
    ingresses: selectKind(parsedObjects, "Ingress"),
    classes: selectKind(parsedObjects, "IngressClass"),
    services: selectKind(parsedObjects, "Service"),
    secrets: selectKind(parsedObjects, "Secret"),
    configMaps: selectKind(parsedObjects, "ConfigMap"),
    referenceGrants: selectKind(parsedObjects, "ReferenceGrant"),
    gateway: selectGatewayObjects(parsedObjects),
    invalidObjects: selectKind(parsedObjects, "invalid"),
    unreadableReferences: [],
    certificates: "known",
  };
}

/** Returns the items of a `List` or `IngressList`. Items of the latter may omit kind and version. */
function expandList({ object, source }: RawObject): RawObject[] {
  if (!isRecord(object) || typeof object.kind !== "string" || !object.kind.endsWith("List"))
    return [{ object, source }];
  if (!Array.isArray(object.items)) return [];
  const itemType =
    object.kind === "List" ? {} : { apiVersion: object.apiVersion, kind: object.kind.slice(0, -"List".length) };
  return object.items.map((item) => ({ object: isRecord(item) ? { ...itemType, ...item } : item, source }));
}

/** Parses one object. Returns an empty array for unrelated kinds. */
export function parseObject({ object, source }: RawObject): ParsedObject[] {
  const identity = Identity.safeParse(object);
  if (!identity.success) return parseUnnamedObject(object, source, identity.error);
  const { kind, apiVersion, metadata } = identity.data;
  const meta = { namespace: metadata.namespace ?? "default", name: metadata.name, source };
  const groupAndKind = `${parseApiGroup(apiVersion)}/${kind}`;
  switch (groupAndKind) {
    case "networking.k8s.io/Ingress":
    case "extensions/Ingress":
      return [parseIngress(object, apiVersion ?? "", meta)];
    case "networking.k8s.io/IngressClass":
      return [
        parseWith(IngressClassObject, object, kind, meta, (value) => ({
          kind: "IngressClass",
          object: buildIngressClass(value, meta),
        })),
      ];
    case "/Service":
      return [
        parseWith(ServiceObject, object, kind, meta, (value) => ({
          kind: "Service",
          object: buildService(value, meta),
        })),
      ];
    case "/Secret":
      return [
        parseWith(SecretObject, object, kind, meta, (value) => ({ kind: "Secret", object: buildSecret(value, meta) })),
      ];
    case "/ConfigMap":
      return [
        parseWith(ConfigMapObject, object, kind, meta, ({ data }) => ({
          kind: "ConfigMap",
          object: { ...meta, data },
        })),
      ];
    case "gateway.networking.k8s.io/ReferenceGrant":
      return [
        parseWith(ReferenceGrantObject, object, kind, meta, (value) => ({
          kind: "ReferenceGrant",
          object: buildReferenceGrant(value, meta),
        })),
      ];
    default:
      return parseGatewayObject(object, groupAndKind, meta);
  }
}

/** Rejects all but the first object of a name, because a cluster has only one. */
function rejectDuplicates(parsedObjects: readonly ParsedObject[]): ParsedObject[] {
  const firstSources = new Map<string, string>();
  return parsedObjects.map((entry) => {
    if (entry.kind === "invalid" || !("source" in entry.object)) return entry;
    const namespace = "namespace" in entry.object ? entry.object.namespace : "";
    const { name, source } = entry.object;
    const key = `${entry.kind} ${namespace}/${name}`;
    const earlierSource = firstSources.get(key);
    firstSources.set(key, earlierSource ?? source);
    if (earlierSource === undefined) return entry;
    const problem = `duplicate of the object in ${earlierSource}, which is used instead`;
    return {
      kind: "invalid",
      object: { kind: entry.kind, namespace, name, source, field: "metadata.name", problem, annotations: {} },
    };
  });
}

function parseIngress(object: unknown, apiVersion: string, meta: Meta): ParsedObject {
  const schema = apiVersion.endsWith("/v1") ? IngressV1 : IngressV1beta1;
  return parseWith<z.infer<typeof schema>>(schema, object, "Ingress", meta, (value) => ({
    kind: "Ingress",
    object: buildIngress(value, meta, apiVersion),
  }));
}

/** Reports an object without a name if it is an Ingress. Other kinds are ignored. */
function parseUnnamedObject(object: unknown, source: string, error: z.ZodError): ParsedObject[] {
  if (!isRecord(object) || object.kind !== "Ingress") return [];
  return [buildInvalidObject("Ingress", { namespace: "?", name: "?", source }, error)];
}

function parseApiGroup(apiVersion: string | undefined): string {
  return apiVersion?.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
