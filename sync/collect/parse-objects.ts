import type * as z from "zod";
import { LIVE_GENERATION_ANNOTATION } from "./annotation-names.ts";
import type {
  Cluster,
  ConfigMap,
  Ingress,
  IngressClass,
  InvalidObject,
  Meta,
  Secret,
  Service,
} from "./cluster-model.ts";
import {
  AnnotatedObject,
  ConfigMapObject,
  Identity,
  IngressClassObject,
  IngressV1,
  IngressV1beta1,
  SecretObject,
  ServiceObject,
} from "./schemas.ts";

const NO_CLUSTER_IP = new Set(["", "None"]);
const DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class";

// Written by tools, for tools: what they say of an Ingress changes nothing.
const TOOL_ANNOTATIONS = [LIVE_GENERATION_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"];

/** An object as it was found, not yet read. */
export interface RawObject {
  readonly object: unknown;
  readonly source: string;
}

/** An object as it was read, or why it cannot be. */
export type ParsedObject =
  | { readonly kind: "Ingress"; readonly object: Ingress }
  | { readonly kind: "IngressClass"; readonly object: IngressClass }
  | { readonly kind: "Service"; readonly object: Service }
  | { readonly kind: "Secret"; readonly object: Secret }
  | { readonly kind: "ConfigMap"; readonly object: ConfigMap }
  | { readonly kind: "invalid"; readonly object: InvalidObject };

type ObjectOfKind<K> = Extract<ParsedObject, { kind: K }>["object"];

/** Reads objects into a cluster. It never throws: what cannot be read is listed, and kinds that do not matter are left out. */
export function parseCluster(rawObjects: readonly RawObject[]): Cluster {
  return assembleCluster(rejectDuplicates(rawObjects.flatMap(expandList).flatMap(parseObject)));
}

/** A cluster of objects that were read one by one. */
export function assembleCluster(parsedObjects: readonly ParsedObject[]): Cluster {
  const selectKind = <K extends ParsedObject["kind"]>(kind: K): ObjectOfKind<K>[] =>
    parsedObjects.filter((entry) => entry.kind === kind).map(({ object }) => object as ObjectOfKind<K>); // as the kind says
  return {
    ingresses: selectKind("Ingress"),
    classes: selectKind("IngressClass"),
    services: selectKind("Service"),
    secrets: selectKind("Secret"),
    configMaps: selectKind("ConfigMap"),
    invalidObjects: selectKind("invalid"),
    unreadableReferences: [],
    certificates: "known",
  };
}

/** `List`, `IngressList` and the like: their items, which need not repeat kind and version. */
function expandList({ object, source }: RawObject): RawObject[] {
  if (!isRecord(object) || typeof object.kind !== "string" || !object.kind.endsWith("List"))
    return [{ object, source }];
  if (!Array.isArray(object.items)) return [];
  const itemType =
    object.kind === "List" ? {} : { apiVersion: object.apiVersion, kind: object.kind.slice(0, -"List".length) };
  return object.items.map((item) => ({ object: isRecord(item) ? { ...itemType, ...item } : item, source }));
}

/** Reads one object; nothing, where its kind does not matter. */
export function parseObject({ object, source }: RawObject): ParsedObject[] {
  const identity = Identity.safeParse(object);
  if (!identity.success) return parseUnnamedObject(object, source, identity.error);
  const { kind, apiVersion, metadata } = identity.data;
  const meta = { namespace: metadata.namespace ?? "default", name: metadata.name, source };
  switch (`${parseApiGroup(apiVersion)}/${kind}`) {
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
    default:
      return [];
  }
}

/** The first of several objects of one name stays; a cluster could hold only one of them. */
function rejectDuplicates(parsedObjects: readonly ParsedObject[]): ParsedObject[] {
  const firstSources = new Map<string, string>();
  return parsedObjects.map((entry) => {
    if (entry.kind === "invalid") return entry;
    const namespace = entry.kind === "IngressClass" ? "" : entry.object.namespace;
    const { name, source } = entry.object;
    const key = `${entry.kind} ${namespace}/${name}`;
    const earlierSource = firstSources.get(key);
    firstSources.set(key, earlierSource ?? source);
    if (earlierSource === undefined) return entry;
    const problem = `is defined in ${earlierSource} already, which counts`;
    return {
      kind: "invalid",
      object: { kind: entry.kind, namespace, name, source, field: "metadata.name", problem, annotations: {} },
    };
  });
}

function parseIngress(object: unknown, apiVersion: string, meta: Meta): ParsedObject {
  const schema = apiVersion.endsWith("/v1") ? IngressV1 : IngressV1beta1;
  return parseWith<z.infer<typeof schema>>(schema, object, "Ingress", meta, ({ metadata, spec }) => ({
    kind: "Ingress",
    object: {
      ...meta,
      annotations: withoutToolAnnotations(metadata.annotations),
      created: metadata.creationTimestamp,
      className: spec.ingressClassName,
      defaultBackend: spec.defaultBackend,
      tls: spec.tls,
      rules: spec.rules,
    },
  }));
}

function withoutToolAnnotations(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !TOOL_ANNOTATIONS.includes(key)));
}

function buildIngressClass(
  { metadata, spec }: z.infer<typeof IngressClassObject>,
  { name, source }: Meta,
): IngressClass {
  const isDefault = metadata.annotations[DEFAULT_CLASS_ANNOTATION] === "true";
  return { name, source, controller: spec?.controller, isDefault, parameters: spec?.parameters };
}

function buildService({ spec, status }: z.infer<typeof ServiceObject>, meta: Meta): Service {
  return {
    ...meta,
    type: spec?.type,
    ports: spec?.ports ?? [],
    externalIPs: spec?.externalIPs ?? [],
    clusterIPs: [...new Set([spec?.clusterIP ?? "", ...(spec?.clusterIPs ?? [])])].filter(
      (ip) => !NO_CLUSTER_IP.has(ip),
    ),
    loadBalancer: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  };
}

function buildSecret({ type, data, stringData }: z.infer<typeof SecretObject>, meta: Meta): Secret {
  const dataEntries = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value, "base64").toString("latin1"),
  ]);
  const stringDataEntries = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(value).toString("latin1"),
  ]);
  return { ...meta, type, data: Object.fromEntries([...dataEntries, ...stringDataEntries]) };
}

function parseWith<T>(
  schema: z.ZodType<T>,
  object: unknown,
  kind: string,
  meta: Meta,
  build: (value: T) => ParsedObject,
): ParsedObject {
  const result = schema.safeParse(object);
  return result.success ? build(result.data) : buildInvalidObject(kind, meta, result.error, parseAnnotations(object));
}

/** An object that does not even say what it is: only reported where it claims a kind that matters here. */
function parseUnnamedObject(object: unknown, source: string, error: z.ZodError): ParsedObject[] {
  if (!isRecord(object) || object.kind !== "Ingress") return [];
  return [buildInvalidObject("Ingress", { namespace: "?", name: "?", source }, error)];
}

/** The annotations of an object that is malformed elsewhere. */
function parseAnnotations(object: unknown): Readonly<Record<string, string>> {
  return AnnotatedObject.safeParse(object).data?.metadata.annotations ?? {};
}

function buildInvalidObject(
  kind: string,
  meta: Meta,
  error: z.ZodError,
  annotations: Readonly<Record<string, string>> = {},
): ParsedObject {
  const issue = error.issues[0];
  const field = (issue?.path ?? [])
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  return {
    kind: "invalid",
    object: {
      ...meta,
      kind,
      field: field.replace(/^\./, "") || "(object)",
      problem: issue?.message ?? "cannot be read",
      annotations,
    },
  };
}

function parseApiGroup(apiVersion: string | undefined): string {
  return apiVersion?.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
