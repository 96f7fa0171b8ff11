import { nameOf } from "../collect/cluster-model.ts";
import { type Diagnostic, formatDiagnostic } from "../compile/diagnostics.ts";
import type { HttpRouteStatus, StatusCondition } from "../compile/gateway/gateway-compilation.ts";
import { findClassOf } from "../compile/select/ingress-class.ts";
import type { ClusterSide } from "./cluster-side.ts";
import { findFailingOwners, listRoutes } from "./list-routes.ts";
import type { BlockedNamespace } from "./overview.ts";
import { formatRouteOwner, formatSubject, type ServedObject } from "./served-object.ts";

/** An object in the cluster: what Ingresses and HTTPRoutes have in common. */
interface CompiledObject {
  readonly routes: readonly string[];
  readonly blockedRemoval: BlockedNamespace | undefined;
  readonly diagnostics: readonly string[];
}

export interface IngressInCluster extends CompiledObject {
  readonly class: string | undefined;
  /** How to select it, if it is not ours. */
  readonly ignoredUnless: string | undefined;
  readonly lastGoodSince: string | undefined; // RFC 3339
  readonly addresses: readonly string[];
  readonly liveGeneration: string | undefined;
}

export interface HttpRouteInCluster extends CompiledObject {
  /** Its parents of ours, as its status shows them. */
  readonly parents: readonly ParentSummary[];
}

export interface ParentSummary {
  readonly parent: string; // "Gateway shop/web, section https"
  readonly conditions: readonly string[]; // "Accepted=True"
  /** Why it does not take the route. Undefined if it does. */
  readonly rejection: string | undefined;
}

export type ObjectInCluster = IngressInCluster | HttpRouteInCluster | "not found";

/** Describes an object in a compiled cluster. */
export function describeInCluster(object: ServedObject, cluster: ClusterSide): ObjectInCluster {
  return object.kind === "Ingress" ? describeIngress(object, cluster) : describeHttpRoute(object, cluster);
}

function describeIngress(object: ServedObject, cluster: ClusterSide): IngressInCluster | "not found" {
  const fullName = nameOf(object);
  const found = cluster.ingresses.find(({ id }) => id === fullName);
  if (!found) return "not found";
  const { parsedObject, status } = found;
  return {
    class: parsedObject.kind === "Ingress" ? findClassOf(parsedObject.object) : undefined,
    ignoredUnless: cluster.ignoredIngresses.find(({ name }) => name === fullName)?.option,
    lastGoodSince: cluster.result.brokenSince.get(fullName),
    addresses: status.loadBalancer.flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
    liveGeneration: status.liveGeneration,
    ...describeCompiled(object, cluster),
  };
}

function describeHttpRoute(object: ServedObject, cluster: ClusterSide): HttpRouteInCluster | "not found" {
  const subject = formatSubject(object);
  if (!cluster.gatewayObjects.some((candidate) => candidate.subject === subject)) return "not found";
  const { httpRoutes } = cluster.result.compilation.gateway;
  const status = httpRoutes.find(({ namespace, name }) => namespace === object.namespace && name === object.name);
  return {
    parents: (status?.parents ?? []).map((parent) => describeParent(parent, object.namespace)),
    ...describeCompiled(object, cluster),
  };
}

function describeParent(
  { parentRef, conditions }: HttpRouteStatus["parents"][number],
  routeNamespace: string,
): ParentSummary {
  const { kind = "Gateway", namespace = routeNamespace, name, sectionName, port } = parentRef;
  const section = sectionName === undefined ? "" : `, section ${sectionName}`;
  const rejection = conditions.find(({ type, status }) => type === "Accepted" && status === "False");
  return {
    parent: `${kind} ${namespace}/${name}${section}${port === undefined ? "" : `, port ${port}`}`,
    conditions: conditions.map(formatCondition),
    rejection: rejection && `${rejection.reason}: ${rejection.message}`,
  };
}

function formatCondition({ type, status, reason }: StatusCondition): string {
  return `${type}=${status}${reason === type ? "" : ` (${reason})`}`;
}

function describeCompiled(object: ServedObject, cluster: ClusterSide): CompiledObject {
  const { rules, diagnostics } = cluster.result.compilation;
  return {
    routes: listRoutes(formatRouteOwner(object), rules.hosts),
    blockedRemoval: findBlockedRemoval(object, cluster),
    diagnostics: listDiagnostics(object, diagnostics).map(formatDiagnostic),
  };
}

function listDiagnostics(object: ServedObject, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const subject = formatSubject(object);
  return diagnostics.filter((diagnostic) => diagnostic.object === subject);
}

function findBlockedRemoval(object: ServedObject, { blockedRemovals }: ClusterSide): BlockedNamespace | undefined {
  if (!blockedRemovals.ok) return undefined;
  const { namespace } = object;
  const request = blockedRemovals.value.get(namespace);
  if (!request?.routes.includes(` of ${formatRouteOwner(object)}#`)) return undefined;
  const { id, since, reason } = request;
  return { namespace, id, since, reason };
}

/** Returns why an object in the cluster is not live. */
export function listClusterProblems(object: ServedObject, inCluster: ObjectInCluster, side: ClusterSide): string[] {
  if (inCluster === "not found") {
    const removal = findBlockedRemoval(object, side);
    return ["it is not in the watched cluster", ...(removal ? [describeBlockedRemoval(removal)] : [])];
  }
  const problems = "parents" in inCluster ? listRouteProblems(inCluster) : listIngressProblems(inCluster);
  if ("ignoredUnless" in inCluster && inCluster.ignoredUnless !== undefined) return problems;
  const failure = findFailingOwners(side.result.compilation.rules.hosts).get(formatRouteOwner(object));
  return [
    ...problems,
    ...(failure === undefined ? [] : [`every one of its paths returns ${failure}`]),
    ...(inCluster.blockedRemoval ? [describeBlockedRemoval(inCluster.blockedRemoval)] : []),
  ];
}

function listIngressProblems(ingress: IngressInCluster): string[] {
  const { ignoredUnless, lastGoodSince } = ingress;
  if (ignoredUnless !== undefined) {
    const label = ingress.class === undefined ? "it has no class" : `its class ${ingress.class} is not ours`;
    return [`${label}. To select it, set ${ignoredUnless}`];
  }
  if (lastGoodSince !== undefined)
    return [`it does not compile since ${lastGoodSince}; its last good version is served`];
  return explainMissingRoutes(ingress);
}

function listRouteProblems(route: HttpRouteInCluster): string[] {
  if (route.parents.length === 0) return ["none of its parents is a Gateway or ListenerSet of ours"];
  const rejections = route.parents.flatMap(({ parent, rejection }) =>
    rejection === undefined ? [] : [`${parent} does not take it: ${rejection}`],
  );
  return rejections.length > 0 ? rejections : explainMissingRoutes(route);
}

function explainMissingRoutes({ routes, diagnostics }: CompiledObject): string[] {
  if (routes.length > 0) return [];
  return [diagnostics.length === 0 ? "it has no paths" : "it has no routes; its diagnostics name the reasons"];
}

function describeBlockedRemoval({ id, since }: BlockedNamespace): string {
  return `its removed routes stay published since ${since}. Review them, then run: edgress approve ${id}`;
}
