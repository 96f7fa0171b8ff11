import * as z from "zod";
import { objectMetadata, optionalField, optionalList, optionalStringMap, portNumber } from "../schema-fields.ts";
import {
  gatewayMetadata,
  hostname,
  labelSelector,
  limitedList,
  parentReference,
  referenceTo,
  sectionName,
  typedReference,
  withDefault,
} from "./gateway-fields.ts";
import type { LabelSelector, NamespaceScope } from "./gateway-model.ts";

// Loose schemas of all kinds but HTTPRoute: other fields are allowed and ignored.

const MAX_LISTENERS = 64;
const SCOPES = ["Same", "All", "None"] as const;

const namespaceScope = (defaultFrom: "Same" | "None") =>
  z
    .object({ from: withDefault(z.string(), defaultFrom), selector: optionalField(labelSelector) })
    .nullish()
    .transform((scope) => ({
      scope: buildNamespaceScope(scope?.from ?? defaultFrom, scope?.selector),
      from: scope?.from ?? defaultFrom,
    }));

/** A selector that is absent selects nothing, and so does a value of a newer API. */
function buildNamespaceScope(from: string, selector: LabelSelector | undefined): NamespaceScope {
  if (from === "Selector") return selector ? { from, selector } : { from: "None" };
  return { from: SCOPES.find((scope) => scope === from) ?? "None" };
}

const allowedKind = z.object({ group: withDefault(z.string(), "gateway.networking.k8s.io"), kind: z.string().min(1) });

const allowedRoutes = z
  .object({ namespaces: namespaceScope("Same"), kinds: limitedList(allowedKind, 8) })
  .nullish()
  .transform((routes) => routes ?? { namespaces: { scope: { from: "Same" } as const, from: "Same" }, kinds: [] });

const listenerTls = z
  .object({
    mode: withDefault(z.string(), "Terminate"),
    certificateRefs: limitedList(referenceTo("Secret"), 64),
    options: optionalStringMap,
  })
  .transform(({ mode, certificateRefs, options }) => ({ mode: mode || "Terminate", certificateRefs, options }));

const listener = z
  .object({
    name: sectionName,
    hostname: optionalField(z.union([z.literal(""), hostname])),
    port: portNumber,
    protocol: z.string().min(1).max(255),
    tls: optionalField(listenerTls),
    allowedRoutes,
  })
  .transform(({ allowedRoutes: { namespaces, kinds }, ...rest }) => ({
    ...rest,
    allowedNamespaces: namespaces.scope,
    allowedFrom: namespaces.from,
    allowedKinds: kinds.length > 0 ? kinds : undefined,
  }));
export type ParsedListener = z.infer<typeof listener>;

const listeners = z
  .array(listener)
  .min(1, { error: "expected at least 1 listener" })
  .max(MAX_LISTENERS, { error: `expected up to ${MAX_LISTENERS} listeners` })
  .superRefine((items, issues) => {
    items.forEach(({ name }, index) => {
      if (items.findIndex((other) => other.name === name) === index) return;
      issues.addIssue({ code: "custom", path: [index, "name"], message: `expected a unique name, got ${name} again` });
    });
  });

const address = z
  .object({ type: withDefault(z.string(), "IPAddress"), value: withDefault(z.string().max(253), "") })
  .transform(({ type, value }) => ({ type, value }));

export const GatewayClassObject = z.object({
  metadata: gatewayMetadata,
  spec: z.object({ controllerName: z.string().min(1), parametersRef: optionalField(typedReference) }),
});

const present = z.unknown().transform((value) => value !== undefined && value !== null);

export const GatewayObject = z.object({
  metadata: gatewayMetadata,
  spec: z.object({
    gatewayClassName: z.string().min(1),
    listeners,
    addresses: limitedList(address, 16),
    infrastructure: optionalField(z.object({ parametersRef: optionalField(typedReference) })),
    allowedListeners: optionalField(z.object({ namespaces: namespaceScope("None") })),
    tls: optionalField(z.object({ frontend: present.optional(), backend: present.optional() })),
  }),
});

export const ListenerSetObject = z.object({
  metadata: gatewayMetadata,
  spec: z.object({ parentRef: parentReference, listeners }),
});

export const BackendTlsPolicyObject = z.object({
  metadata: gatewayMetadata,
  spec: z.object({
    targetRefs: optionalList(
      z.object({ kind: z.string(), name: z.string().min(1), sectionName: optionalField(z.string()) }),
    ),
    validation: z.object({
      hostname: z.string().min(1),
      wellKnownCACertificates: optionalField(z.string()),
      caCertificateRefs: optionalList(z.unknown()),
      subjectAltNames: optionalList(z.unknown()),
    }),
  }),
});

export const NamespaceObject = z.object({ metadata: objectMetadata });

/** The definition of a resource: its annotation names the version of the Gateway API. */
export const ResourceDefinitionObject = z.object({ metadata: objectMetadata });
