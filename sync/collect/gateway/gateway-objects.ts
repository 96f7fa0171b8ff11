import { type ParsedObject, selectKind } from "../parsed-object.ts";
import { NAMESPACE_NAME_LABEL } from "./gateway-fields.ts";
import type { GatewayDefinition, GatewayObjects } from "./gateway-model.ts";

/** The definition whose version is the version of all. Every installation has it. */
export const MAIN_DEFINITION = "gatewayclasses.gateway.networking.k8s.io";

/** The objects of a cluster without the Gateway API. */
export const NO_GATEWAY_OBJECTS: GatewayObjects = {
  gatewayClasses: [],
  gateways: [],
  listenerSets: [],
  httpRoutes: [],
  backendTlsPolicies: [],
  namespaces: [],
};

/** Selects the objects of the Gateway API. */
export function selectGatewayObjects(parsedObjects: readonly ParsedObject[]): GatewayObjects {
  const bundleVersion = findBundleVersion(selectKind(parsedObjects, "CustomResourceDefinition"));
  return {
    gatewayClasses: selectKind(parsedObjects, "GatewayClass"),
    gateways: selectKind(parsedObjects, "Gateway"),
    listenerSets: selectKind(parsedObjects, "ListenerSet"),
    httpRoutes: selectKind(parsedObjects, "HTTPRoute"),
    backendTlsPolicies: selectKind(parsedObjects, "BackendTLSPolicy"),
    namespaces: selectKind(parsedObjects, "Namespace"),
    ...(bundleVersion !== undefined && { bundleVersion }),
  };
}

/** Merges the objects of partial clusters with the same merge of lists as theirs. */
export function mergeGatewayObjects(
  parts: readonly GatewayObjects[],
  mergeLists: <T>(selectList: (part: GatewayObjects) => readonly T[]) => readonly T[],
): GatewayObjects {
  const bundleVersion = parts.map((part) => part.bundleVersion).find((version) => version !== undefined);
  return {
    gatewayClasses: mergeLists(({ gatewayClasses }) => gatewayClasses),
    gateways: mergeLists(({ gateways }) => gateways),
    listenerSets: mergeLists(({ listenerSets }) => listenerSets),
    httpRoutes: mergeLists(({ httpRoutes }) => httpRoutes),
    backendTlsPolicies: mergeLists(({ backendTlsPolicies }) => backendTlsPolicies),
    namespaces: mergeLists(({ namespaces }) => namespaces),
    ...(bundleVersion !== undefined && { bundleVersion }),
  };
}

/** Adds the namespaces of routes and ListenerSets that no manifest defines, with the label that each namespace has. */
export function addImpliedNamespaces(objects: GatewayObjects): GatewayObjects {
  const defined = new Set(objects.namespaces.map(({ name }) => name));
  const used = new Set([...objects.httpRoutes, ...objects.listenerSets].map(({ namespace }) => namespace));
  const implied = [...used]
    .filter((name) => !defined.has(name))
    .map((name) => ({ name, labels: { [NAMESPACE_NAME_LABEL]: name } }));
  return implied.length === 0 ? objects : { ...objects, namespaces: [...objects.namespaces, ...implied] };
}

function findBundleVersion(definitions: readonly GatewayDefinition[]): string | undefined {
  return definitions.find(({ name }) => name === MAIN_DEFINITION)?.bundleVersion;
}
