import { nameOf } from "../../collect/cluster-model.ts";
import { GATEWAY_GROUP } from "../../collect/gateway/gateway-fields.ts";
import type { GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import type { Meta } from "../../collect/object-meta.ts";
import type { Reason } from "../diagnostic-reasons.ts";
import { collectDiagnostics, type Diagnostic, type Report, type Subject } from "../diagnostics.ts";
import type { ConditionProblem, GatewayReading, JudgedListener, JudgedRoute } from "./judged-gateways.ts";

const PARENT_KINDS = ["Gateway", "ListenerSet"];

/** Returns why Gateways, listeners and routes of ours are not served: the reasons of their statuses. */
export function listGatewayDiagnostics(reading: GatewayReading, objects: GatewayObjects): readonly Diagnostic[] {
  return collectDiagnostics((report) => {
    for (const { gatewayClass, rejection } of reading.classes) {
      const { name, source } = gatewayClass;
      reportRejection({ object: `GatewayClass ${name}`, source, field: "spec.parametersRef" }, rejection, report);
    }
    for (const { gateway, rejection, addressProblem, listeners } of reading.gateways) {
      reportRejection(buildSubject("Gateway", gateway, "spec"), rejection ?? addressProblem, report);
      reportListeners("Gateway", gateway, listeners, report);
    }
    for (const { listenerSet, rejection, listeners } of reading.listenerSets) {
      reportRejection(buildSubject("ListenerSet", listenerSet, "spec"), rejection, report);
      reportListeners("ListenerSet", listenerSet, listeners, report);
    }
    for (const judged of reading.routes) reportRoute(judged, report);
    reportMissingParents(objects, report);
  }).diagnostics;
}

function reportRejection(subject: Subject, rejection: ConditionProblem | undefined, report: Report): void {
  if (rejection) reportProblem("GatewayNotAccepted", subject, rejection, report);
}

/** A listener that is not served because of its Gateway or ListenerSet has no diagnostic. */
function reportListeners(kind: string, owner: Meta, listeners: readonly JudgedListener[], report: Report): void {
  for (const { listener, conflict, rejection, unresolved, unprogrammed } of listeners) {
    const subject = buildSubject(kind, owner, `spec.listeners[${listener.name}]`);
    const isConfigured = unprogrammed?.reason !== "InvalidTLSConfig";
    const problem = conflict ?? rejection ?? (isConfigured ? undefined : unprogrammed);
    if (problem) reportProblem("ListenerNotServed", subject, problem, report);
    else if (unresolved) {
      reportProblem(unprogrammed ? "ListenerNotServed" : "ListenerNotResolved", subject, unresolved, report);
    }
  }
}

function reportRoute({ route, rejection, parents }: JudgedRoute, report: Report): void {
  if (rejection) reportProblem("RouteNotAttached", buildSubject("HTTPRoute", route, "spec"), rejection, report);
  for (const parent of parents) {
    const index = route.parentRefs.findIndex(({ written }) => written === parent.parentRef);
    const subject = buildSubject("HTTPRoute", route, `spec.parentRefs[${index}]`);
    if (parent.rejection) reportProblem("RouteNotAttached", subject, parent.rejection, report);
  }
}

/** Reports parents that no object has. Parents of other controllers are left to them. */
function reportMissingParents({ gateways, listenerSets, httpRoutes }: GatewayObjects, report: Report): void {
  const names = new Set([
    ...gateways.map((gateway) => `Gateway ${nameOf(gateway)}`),
    ...listenerSets.map((set) => `ListenerSet ${nameOf(set)}`),
  ]);
  for (const route of httpRoutes) {
    for (const [index, parent] of listParents(route)) {
      if (names.has(parent)) continue;
      const subject = buildSubject("HTTPRoute", route, `spec.parentRefs[${index}]`);
      report("GatewayNotFound", subject, `${parent} not found`, "create it, or correct the parentRef");
    }
  }
}

function listParents({ namespace, parentRefs }: HttpRoute): readonly (readonly [index: number, parent: string])[] {
  return parentRefs.flatMap((reference, index) => {
    if (reference.group !== GATEWAY_GROUP || !PARENT_KINDS.includes(reference.kind)) return [];
    const name = nameOf({ namespace: reference.namespace ?? namespace, name: reference.name });
    return [[index, `${reference.kind} ${name}`] as const];
  });
}

function buildSubject(kind: string, object: Meta, field: string): Subject {
  return { object: `${kind} ${nameOf(object)}`, source: object.source, field };
}

function reportProblem(reason: Reason, subject: Subject, problem: ConditionProblem, report: Report): void {
  report(reason, subject, `${problem.message} (${problem.reason})`, problem.remedy);
}
