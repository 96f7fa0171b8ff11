import type * as z from "zod";
import type {
  ConfigMap,
  Ingress,
  IngressClass,
  InvalidObject,
  ReferenceGrant,
  Secret,
  Service,
} from "./cluster-model.ts";
import { formatFieldPath } from "./field-path.ts";
import type {
  BackendTlsPolicy,
  Gateway,
  GatewayClass,
  GatewayDefinition,
  ListenerSet,
  NamespaceLabels,
} from "./gateway/gateway-model.ts";
import type { HttpRoute } from "./gateway/http-route-model.ts";
import { selectAnnotations } from "./ingress/ingress-annotations.ts";
import type { Meta } from "./object-meta.ts";
import { AnnotatedObject } from "./schemas.ts";

/** An object of each kind. */
export interface ObjectsByKind {
  readonly Ingress: Ingress;
  readonly IngressClass: IngressClass;
  readonly Service: Service;
  readonly Secret: Secret;
  readonly ConfigMap: ConfigMap;
  readonly ReferenceGrant: ReferenceGrant;
  readonly GatewayClass: GatewayClass;
  readonly Gateway: Gateway;
  readonly ListenerSet: ListenerSet;
  readonly HTTPRoute: HttpRoute;
  readonly BackendTLSPolicy: BackendTlsPolicy;
  readonly Namespace: NamespaceLabels;
  readonly CustomResourceDefinition: GatewayDefinition;
  readonly invalid: InvalidObject;
}

/** A parsed object, or the reason why it is invalid. */
export type ParsedObject = {
  readonly [K in keyof ObjectsByKind]: { readonly kind: K; readonly object: ObjectsByKind[K] };
}[keyof ObjectsByKind];

/** Returns the objects of a kind. */
export function selectKind<K extends keyof ObjectsByKind>(
  parsedObjects: readonly ParsedObject[],
  kind: K,
): ObjectsByKind[K][] {
  return parsedObjects.filter((entry) => entry.kind === kind).map(({ object }) => object as ObjectsByKind[K]); // the kind decides the type
}

/** Parses an object with the schema of its kind. */
export function parseWith<T>(
  schema: z.ZodType<T>,
  object: unknown,
  kind: string,
  meta: Meta,
  build: (value: T) => ParsedObject,
): ParsedObject {
  const result = schema.safeParse(object);
  return result.success ? build(result.data) : buildInvalidObject(kind, meta, result.error, parseAnnotations(object));
}

/** Returns the annotations of an otherwise invalid object. */
function parseAnnotations(object: unknown): Readonly<Record<string, string>> {
  const { apiVersion, metadata } = AnnotatedObject.safeParse(object).data ?? {};
  return selectAnnotations(metadata?.annotations ?? {}, apiVersion).annotations;
}

/** Returns the first problem of an object. */
export function buildInvalidObject(
  kind: string,
  meta: Meta,
  error: z.ZodError,
  annotations: Readonly<Record<string, string>> = {},
): ParsedObject {
  const issue = error.issues[0];
  return {
    kind: "invalid",
    object: {
      ...meta,
      kind,
      field: formatFieldPath(issue?.path ?? []) || "(object)",
      problem: issue?.message ?? "invalid",
      annotations,
    },
  };
}
