import type { Meta } from "../object-meta.ts";
import { type ParsedObject, parseWith } from "../parsed-object.ts";
import {
  buildBackendTlsPolicy,
  buildGateway,
  buildGatewayClass,
  buildHttpRoute,
  buildListenerSet,
  buildNamespace,
  buildResourceDefinition,
} from "./build-gateway-objects.ts";
import { GATEWAY_GROUP } from "./gateway-fields.ts";
import {
  BackendTlsPolicyObject,
  GatewayClassObject,
  GatewayObject,
  ListenerSetObject,
  NamespaceObject,
  ResourceDefinitionObject,
} from "./gateway-schemas.ts";
import { HttpRouteObject } from "./http-route-schema.ts";

type Parse = (object: unknown, meta: Meta) => ParsedObject;

/** By "group/kind". All versions of a kind have the same fields. */
const PARSERS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  [
    `${GATEWAY_GROUP}/GatewayClass`,
    (object, meta) =>
      parseWith(GatewayClassObject, object, "GatewayClass", meta, (value) => ({
        kind: "GatewayClass",
        object: buildGatewayClass(value, meta),
      })),
  ],
  [
    `${GATEWAY_GROUP}/Gateway`,
    (object, meta) =>
      parseWith(GatewayObject, object, "Gateway", meta, (value) => ({
        kind: "Gateway",
        object: buildGateway(value, meta),
      })),
  ],
  [
    `${GATEWAY_GROUP}/ListenerSet`,
    (object, meta) =>
      parseWith(ListenerSetObject, object, "ListenerSet", meta, (value) => ({
        kind: "ListenerSet",
        object: buildListenerSet(value, meta),
      })),
  ],
  [
    `${GATEWAY_GROUP}/HTTPRoute`,
    (object, meta) =>
      parseWith(HttpRouteObject, object, "HTTPRoute", meta, (value) => ({
        kind: "HTTPRoute",
        object: buildHttpRoute(value, meta),
      })),
  ],
  [
    `${GATEWAY_GROUP}/BackendTLSPolicy`,
    (object, meta) =>
      parseWith(BackendTlsPolicyObject, object, "BackendTLSPolicy", meta, (value) => ({
        kind: "BackendTLSPolicy",
        object: buildBackendTlsPolicy(value, meta),
      })),
  ],
  [
    "/Namespace",
    (object, meta) =>
      parseWith(NamespaceObject, object, "Namespace", meta, (value) => ({
        kind: "Namespace",
        object: buildNamespace(value, meta),
      })),
  ],
  [
    "apiextensions.k8s.io/CustomResourceDefinition",
    (object, meta) =>
      parseWith(ResourceDefinitionObject, object, "CustomResourceDefinition", meta, (value) => ({
        kind: "CustomResourceDefinition",
        object: buildResourceDefinition(value, meta),
      })),
  ],
]);

/** Parses an object of the Gateway API, or one that it needs. Returns an empty array for other kinds. */
export function parseGatewayObject(object: unknown, groupAndKind: string, meta: Meta): ParsedObject[] {
  const parse = PARSERS.get(groupAndKind);
  return parse ? [parse(object, meta)] : [];
}
