import type * as z from "zod";
import type { Meta } from "../object-meta.ts";
import { buildGatewayMeta, NAMESPACE_NAME_LABEL, selectGatewayAnnotations } from "./gateway-fields.ts";
import type {
  BackendTlsPolicy,
  Gateway,
  GatewayClass,
  GatewayDefinition,
  GatewayListener,
  ListenerSet,
  NamespaceLabels,
} from "./gateway-model.ts";
import type {
  BackendTlsPolicyObject,
  GatewayClassObject,
  GatewayObject,
  ListenerSetObject,
  NamespaceObject,
  ParsedListener,
  ResourceDefinitionObject,
} from "./gateway-schemas.ts";
import type { HttpRoute } from "./http-route-model.ts";
import type { HttpRouteObject } from "./http-route-schema.ts";
import { listUnsupportedGatewayFields } from "./unsupported-gateway-fields.ts";
import { listUnsupportedRuleFields } from "./unsupported-rule-fields.ts";

const BUNDLE_VERSION_ANNOTATION = "gateway.networking.k8s.io/bundle-version";

export function buildGatewayClass({ metadata, spec }: z.infer<typeof GatewayClassObject>, meta: Meta): GatewayClass {
  return {
    ...buildGatewayMeta(metadata, { ...meta, namespace: "" }),
    controllerName: spec.controllerName,
    parametersRef: spec.parametersRef,
  };
}

export function buildGateway({ metadata, spec }: z.infer<typeof GatewayObject>, meta: Meta): Gateway {
  const unsupportedFields = listUnsupportedGatewayFields(spec);
  return {
    ...buildGatewayMeta(metadata, meta),
    className: spec.gatewayClassName,
    annotations: selectGatewayAnnotations(metadata.annotations),
    listeners: spec.listeners.map(buildListener),
    addresses: spec.addresses,
    infrastructureParametersRef: spec.infrastructure?.parametersRef,
    allowedListenerSets: spec.allowedListeners?.namespaces.scope ?? { from: "None" },
    ...(unsupportedFields.length > 0 && { unsupportedFields }),
  };
}

export function buildListenerSet({ metadata, spec }: z.infer<typeof ListenerSetObject>, meta: Meta): ListenerSet {
  const unsupportedFields = listUnsupportedGatewayFields(spec);
  return {
    ...buildGatewayMeta(metadata, meta),
    parentRef: spec.parentRef,
    listeners: spec.listeners.map(buildListener),
    ...(unsupportedFields.length > 0 && { unsupportedFields }),
  };
}

function buildListener({ allowedFrom: _, ...listener }: ParsedListener): GatewayListener {
  return listener;
}

export function buildHttpRoute({ metadata, spec }: z.infer<typeof HttpRouteObject>, meta: Meta): HttpRoute {
  return {
    ...buildGatewayMeta(metadata, meta),
    annotations: selectGatewayAnnotations(metadata.annotations),
    ...spec,
    unsupportedFields: spec.rules.flatMap((rule, index) => listUnsupportedRuleFields(rule, `spec.rules[${index}]`)),
  };
}

export function buildBackendTlsPolicy(
  { metadata, spec }: z.infer<typeof BackendTlsPolicyObject>,
  meta: Meta,
): BackendTlsPolicy {
  const { hostname, wellKnownCACertificates, caCertificateRefs, subjectAltNames } = spec.validation;
  return {
    ...buildGatewayMeta(metadata, meta),
    targetRefs: spec.targetRefs.map(({ kind, name, sectionName }) => ({
      ...{ kind, name },
      ...(sectionName && { sectionName }),
    })),
    hostname,
    usesSystemCertificates:
      wellKnownCACertificates === "System" && caCertificateRefs.length === 0 && subjectAltNames.length === 0,
  };
}

export function buildNamespace({ metadata }: z.infer<typeof NamespaceObject>, { name }: Meta): NamespaceLabels {
  return { name, labels: { ...metadata.labels, [NAMESPACE_NAME_LABEL]: name } };
}

export function buildResourceDefinition(
  { metadata }: z.infer<typeof ResourceDefinitionObject>,
  { name }: Meta,
): GatewayDefinition {
  return { name, bundleVersion: metadata.annotations[BUNDLE_VERSION_ANNOTATION] ?? "" };
}
