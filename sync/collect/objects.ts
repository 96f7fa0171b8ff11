import type * as z from "zod";
import type { Cluster, ConfigMap, Ingress, IngressClass, Malformed, Meta, Secret, Service } from "./cluster.ts";
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
const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";

/** Says since which generation an Ingress's rules are live. The sync job writes it, and no policy reads it. */
export const LIVE_GENERATION = "edgress.dev/live-generation";

// Written by tools, for tools: what they say of an Ingress changes nothing.
const NOTES = [LIVE_GENERATION, "kubectl.kubernetes.io/last-applied-configuration"];

/** An object as it was found, not yet read. */
export interface Found {
  readonly object: unknown;
  readonly source: string;
}

/** An object as it was read, or why it cannot be. */
export type Read =
  | { readonly kind: "Ingress"; readonly object: Ingress }
  | { readonly kind: "IngressClass"; readonly object: IngressClass }
  | { readonly kind: "Service"; readonly object: Service }
  | { readonly kind: "Secret"; readonly object: Secret }
  | { readonly kind: "ConfigMap"; readonly object: ConfigMap }
  | { readonly kind: "malformed"; readonly object: Malformed };

type ObjectOf<K> = Extract<Read, { kind: K }>["object"];

/** Reads objects into a cluster. It never throws: what cannot be read is listed, and kinds that do not matter are left out. */
export function clusterOf(found: readonly Found[]): Cluster {
  return clusterFrom(withoutTwins(found.flatMap(expandList).flatMap(readObject)));
}

/** A cluster of objects that were read one by one. */
export function clusterFrom(read: readonly Read[]): Cluster {
  const all = <K extends Read["kind"]>(kind: K): ObjectOf<K>[] =>
    read.filter((entry) => entry.kind === kind).map(({ object }) => object as ObjectOf<K>); // as the kind says
  return {
    ingresses: all("Ingress"),
    classes: all("IngressClass"),
    services: all("Service"),
    secrets: all("Secret"),
    configMaps: all("ConfigMap"),
    malformed: all("malformed"),
    unread: [],
    certificates: "known",
  };
}

/** `List`, `IngressList` and the like: their items, which need not repeat kind and version. */
function expandList({ object, source }: Found): Found[] {
  if (!isRecord(object) || typeof object.kind !== "string" || !object.kind.endsWith("List"))
    return [{ object, source }];
  if (!Array.isArray(object.items)) return [];
  const inherited =
    object.kind === "List" ? {} : { apiVersion: object.apiVersion, kind: object.kind.slice(0, -"List".length) };
  return object.items.map((item) => ({ object: isRecord(item) ? { ...inherited, ...item } : item, source }));
}

/** Reads one object; nothing, where its kind does not matter. */
export function readObject({ object, source }: Found): Read[] {
  const identity = Identity.safeParse(object);
  if (!identity.success) return unnamed(object, source, identity.error);
  const { kind, apiVersion, metadata } = identity.data;
  const meta = { namespace: metadata.namespace ?? "default", name: metadata.name, source };
  switch (`${groupOf(apiVersion)}/${kind}`) {
    case "networking.k8s.io/Ingress":
    case "extensions/Ingress":
      return [readIngress(object, apiVersion ?? "", meta)];
    case "networking.k8s.io/IngressClass":
      return [
        read(IngressClassObject, object, kind, meta, (value) => ({
          kind: "IngressClass",
          object: classOf(value, meta),
        })),
      ];
    case "/Service":
      return [
        read(ServiceObject, object, kind, meta, (value) => ({ kind: "Service", object: serviceOf(value, meta) })),
      ];
    case "/Secret":
      return [read(SecretObject, object, kind, meta, (value) => ({ kind: "Secret", object: secretOf(value, meta) }))];
    case "/ConfigMap":
      return [
        read(ConfigMapObject, object, kind, meta, ({ data }) => ({ kind: "ConfigMap", object: { ...meta, data } })),
      ];
    default:
      return [];
  }
}

/** The first of several objects of one name stays; a cluster could hold only one of them. */
function withoutTwins(read: readonly Read[]): Read[] {
  const first = new Map<string, string>();
  return read.map((entry) => {
    if (entry.kind === "malformed") return entry;
    const namespace = entry.kind === "IngressClass" ? "" : entry.object.namespace;
    const { name, source } = entry.object;
    const key = `${entry.kind} ${namespace}/${name}`;
    const earlier = first.get(key);
    first.set(key, earlier ?? source);
    if (earlier === undefined) return entry;
    const problem = `is defined in ${earlier} already, which counts`;
    return {
      kind: "malformed",
      object: { kind: entry.kind, namespace, name, source, field: "metadata.name", problem, annotations: {} },
    };
  });
}

function readIngress(object: unknown, apiVersion: string, meta: Meta): Read {
  const schema = apiVersion.endsWith("/v1") ? IngressV1 : IngressV1beta1;
  return read<z.infer<typeof schema>>(schema, object, "Ingress", meta, ({ metadata, spec }) => ({
    kind: "Ingress",
    object: {
      ...meta,
      annotations: withoutNotes(metadata.annotations),
      created: metadata.creationTimestamp,
      className: spec.ingressClassName,
      defaultBackend: spec.defaultBackend,
      tls: spec.tls,
      rules: spec.rules,
    },
  }));
}

function withoutNotes(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOTES.includes(key)));
}

function classOf({ metadata, spec }: z.infer<typeof IngressClassObject>, { name, source }: Meta): IngressClass {
  const isDefault = metadata.annotations[DEFAULT_CLASS] === "true";
  return { name, source, controller: spec?.controller, isDefault, parameters: spec?.parameters };
}

function serviceOf({ spec, status }: z.infer<typeof ServiceObject>, meta: Meta): Service {
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

function secretOf({ type, data, stringData }: z.infer<typeof SecretObject>, meta: Meta): Secret {
  const bytes = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("latin1")]);
  const plain = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("latin1")]);
  return { ...meta, type, data: Object.fromEntries([...bytes, ...plain]) };
}

function read<T>(schema: z.ZodType<T>, object: unknown, kind: string, meta: Meta, make: (value: T) => Read): Read {
  const result = schema.safeParse(object);
  return result.success ? make(result.data) : malformed(kind, meta, result.error, annotationsIn(object));
}

/** An object that does not even say what it is: only reported where it claims a kind that matters here. */
function unnamed(object: unknown, source: string, error: z.ZodError): Read[] {
  if (!isRecord(object) || object.kind !== "Ingress") return [];
  return [malformed("Ingress", { namespace: "?", name: "?", source }, error)];
}

/** The annotations of an object that is malformed elsewhere. */
function annotationsIn(object: unknown): Readonly<Record<string, string>> {
  return AnnotatedObject.safeParse(object).data?.metadata.annotations ?? {};
}

function malformed(
  kind: string,
  meta: Meta,
  error: z.ZodError,
  annotations: Readonly<Record<string, string>> = {},
): Read {
  const issue = error.issues[0];
  const field = (issue?.path ?? [])
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  return {
    kind: "malformed",
    object: {
      ...meta,
      kind,
      field: field.replace(/^\./, "") || "(object)",
      problem: issue?.message ?? "cannot be read",
      annotations,
    },
  };
}

function groupOf(apiVersion: string | undefined): string {
  return apiVersion?.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
