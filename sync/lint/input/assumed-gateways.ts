import type { Gateway, GatewayClass, GatewayListener, GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute, ParentReference } from "../../collect/gateway/http-route-model.ts";
import { ASSUMED_SOURCE, type ObjectName } from "./object-lookup.ts";
import { listRouteParents, listSetParents, OWN_CLASS_NAME, type OwnGatewayObjects } from "./own-gateway-objects.ts";

/** The parents and the GatewayClass that objects refer to, and that do not exist. */
export function listNeededParents(own: OwnGatewayObjects, objects: GatewayObjects): ObjectName[] {
  const parents = new Set([
    ...own.httpRoutes.flatMap((route) => listRouteParents(route).map(({ parent }) => parent)),
    ...own.listenerSets.flatMap(listSetParents),
  ]);
  const missingParents = [...parents].filter(own.lacksParent).map(parseParent);
  const hasClass = objects.gatewayClasses.some(({ name }) => name === OWN_CLASS_NAME);
  const needsClass = !hasClass && own.gateways.some(({ className }) => className === OWN_CLASS_NAME);
  return [
    ...(needsClass ? [{ kind: "GatewayClass", namespace: "", name: OWN_CLASS_NAME } as const] : []),
    ...missingParents,
  ];
}

function parseParent(parent: string): ObjectName {
  const [kind, namespace = "", name = ""] = parent.split(/[ /]/);
  return { kind: kind === "ListenerSet" ? "ListenerSet" : "Gateway", namespace, name };
}

/** Adds the missing parents, and a GatewayClass for them. Routes that refer to their sections get the assumed ones. */
export function addAssumedParents(
  objects: GatewayObjects,
  assumed: readonly ObjectName[],
  controllerName: string,
): GatewayObjects {
  if (assumed.length === 0) return objects;
  const parents = assumed.filter(({ kind }) => kind !== "GatewayClass");
  const names = new Set(parents.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`));
  const hasClass = objects.gatewayClasses.some(({ name }) => name === OWN_CLASS_NAME);
  const className = hasClass && parents.length > 0 ? ASSUMED_CLASS_NAME : OWN_CLASS_NAME;
  const isClassAssumed = !hasClass || parents.length > 0;
  return {
    ...objects,
    gatewayClasses: [...objects.gatewayClasses, ...(isClassAssumed ? [buildClass(className, controllerName)] : [])],
    gateways: [...objects.gateways, ...parents.map((parent) => buildGateway(parent, className))],
    httpRoutes: objects.httpRoutes.map((route) => referToAssumed(route, names)),
  };
}

// An invalid name, so that no manifest has it.
const ASSUMED_CLASS_NAME = "(not checked)";

const IDENTITY = { source: ASSUMED_SOURCE, uid: undefined, generation: 0, created: undefined };

function buildClass(name: string, controllerName: string): GatewayClass {
  return { ...IDENTITY, namespace: "", name, controllerName, parametersRef: undefined };
}

/** Builds a Gateway with a listener for http and one for https, which take every route. */
function buildGateway({ namespace, name }: ObjectName, className: string): Gateway {
  return {
    ...{ ...IDENTITY, namespace, name, className, annotations: {}, addresses: [] },
    listeners: [buildListener("http", 80), buildListener("https", 443)],
    infrastructureParametersRef: undefined,
    allowedListenerSets: { from: "All" },
  };
}

function buildListener(name: string, port: number): GatewayListener {
  const options = { "edgress.dev/certificate": "cloudflare" };
  const tls = name === "https" ? { mode: "Terminate", certificateRefs: [], options } : undefined;
  const scope = { allowedNamespaces: { from: "All" }, allowedKinds: undefined } as const;
  return { name, hostname: undefined, port, protocol: name.toUpperCase(), tls, ...scope };
}

function referToAssumed(route: HttpRoute, names: ReadonlySet<string>): HttpRoute {
  const assumed = listRouteParents(route).filter(({ parent }) => names.has(parent));
  if (assumed.length === 0) return route;
  const indexes = new Set(assumed.map(({ index }) => index));
  const parentRefs = route.parentRefs.map((reference, index) =>
    indexes.has(index)
      ? { ...reference, kind: "Gateway", sectionName: assumeSection(reference), port: undefined }
      : reference,
  );
  return { ...route, parentRefs };
}

/** Returns the assumed listener with the scheme of a section or port; undefined for both listeners. */
function assumeSection({ sectionName = "", port }: ParentReference): string | undefined {
  if (port === 443 || /https|tls|443/i.test(sectionName)) return "https";
  return port === 80 || /http|80/i.test(sectionName) ? "http" : undefined;
}
