import * as z from "zod";
import type { Meta } from "../object-meta.ts";
import { objectMetadata, optionalField, optionalList, portNumber } from "../schema-fields.ts";
import type { LabelSelector } from "./gateway-model.ts";
import type { GatewayMeta, ParentReference } from "./http-route-model.ts";

// Fields that several kinds of the Gateway API have, with the defaults and limits of its resource definitions.
// Source: config/crd/standard of kubernetes-sigs/gateway-api, v1.6.

export const GATEWAY_GROUP = "gateway.networking.k8s.io";
/** The label that the API server sets on every Namespace. */
export const NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name";
const ANNOTATION_PREFIX = "edgress.dev/";

const LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const DNS_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const HOST_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/** Up to `limit` items. Null is the same as absent. */
export const limitedList = <T extends z.ZodType>(type: T, limit: number) =>
  optionalList(type).refine((items) => items.length <= limit, { error: `expected up to ${limit} items` });

export const withDefault = <T extends z.ZodType>(type: T, value: z.infer<T>) =>
  type.nullish().transform((given) => given ?? value);

export const sectionName = z
  .string()
  .max(253)
  .regex(DNS_NAME, { error: "expected a name of lower-case letters, digits, - and ." });
export const hostname = z.string().max(253).regex(HOST_NAME, {
  error: "expected a host name in lower case, such as shop.example.com or *.example.com",
});

export const gatewayMetadata = objectMetadata.extend({ generation: optionalField(z.int()) });

/** Returns the identity of an object, as statuses and precedence need it. */
export function buildGatewayMeta(
  { uid, generation, creationTimestamp }: z.infer<typeof gatewayMetadata>,
  meta: Meta,
): GatewayMeta {
  return { ...meta, uid, generation: generation ?? 0, created: creationTimestamp };
}

/** Returns the annotations for edgress. Others are of no use here, and change often. */
export function selectGatewayAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(ANNOTATION_PREFIX)));
}

const referenceFields = { name: z.string().min(1), namespace: optionalField(z.string().min(1)) };

/** A reference to an object whose group and kind default to those of a Service or a Secret. */
export const referenceTo = (kind: "Service" | "Secret") =>
  z.object({ group: withDefault(z.string(), ""), kind: withDefault(z.string().min(1), kind), ...referenceFields });

/** A reference to an object of any kind. */
export const typedReference = z.object({ group: z.string(), kind: z.string().min(1), ...referenceFields });

export const backendReference = referenceTo("Service").extend({ port: optionalField(portNumber) });

/** A reference to a Gateway or another parent, with its text for the status. */
export const parentReference = z.preprocess(
  (value) => (typeof value === "object" && value !== null ? { ...value, written: value } : value),
  z
    .object({
      group: withDefault(z.string(), GATEWAY_GROUP),
      kind: withDefault(z.string().min(1), "Gateway"),
      ...referenceFields,
      sectionName: optionalField(sectionName),
      port: optionalField(portNumber),
      written: z.record(z.string(), z.unknown()),
    })
    .transform((reference): ParentReference => reference),
);

export const labelSelector = z
  .object({
    matchLabels: z.record(z.string(), z.string()).nullish(),
    matchExpressions: optionalList(
      z.object({ key: z.string(), operator: z.string(), values: optionalList(z.string()) }),
    ),
  })
  .transform(
    ({ matchLabels, matchExpressions }): LabelSelector => ({
      matchLabels: matchLabels ?? {},
      matchExpressions,
    }),
  );
