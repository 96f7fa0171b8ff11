import { nameOf } from "../../../collect/cluster-model.ts";
import { GATEWAY_GROUP } from "../../../collect/gateway/gateway-fields.ts";
import type { HttpRoute, ParentReference } from "../../../collect/gateway/http-route-model.ts";
import type { NamespaceCheck } from "../allowed-namespaces.ts";
import type { Attachment } from "../gateway-compilation.ts";
import type { ConditionProblem, JudgedListener, JudgedParent, JudgedRoute } from "../judged-gateways.ts";
import { intersectHostnames } from "./intersect-hostnames.ts";

/** The listeners of each Gateway and ListenerSet of ours, by "Gateway namespace/name". */
export interface RouteParents {
  readonly listenersByParent: ReadonlyMap<string, readonly JudgedListener[]>;
  readonly allowsNamespace: NamespaceCheck;
}

interface ParentVerdict extends JudgedParent {
  readonly attachments: readonly Attachment[];
}

/** Judges a route for each of its parents of ours. Undefined if it has none. */
export function attachRoute(route: HttpRoute, parents: RouteParents): JudgedRoute | undefined {
  const verdicts = listUniqueReferences(route.parentRefs).flatMap((reference) => {
    const listeners = findParent(route, reference, parents);
    return listeners === undefined ? [] : [judgeParent(route, reference, listeners, parents.allowsNamespace)];
  });
  if (verdicts.length === 0) return undefined;
  const rejection = judgeFields(route);
  const attachments = rejection ? [] : mergeAttachments(verdicts.flatMap((verdict) => verdict.attachments));
  return {
    route,
    rejection,
    parents: verdicts.map(({ parentRef, rejection, listenerKeys }) => ({ parentRef, rejection, listenerKeys })),
    attached: attachments.length === 0 ? undefined : { route, attachments },
  };
}

/** An unsupported field of a rule concerns its rule only. */
function judgeFields({ unsupportedFields }: HttpRoute): ConditionProblem | undefined {
  const unsupported = unsupportedFields.find(({ field }) => !field.startsWith("spec.rules["));
  return (
    unsupported && {
      reason: "UnsupportedValue",
      message: `${unsupported.field}: ${unsupported.problem}`,
      remedy: "remove the field",
    }
  );
}

/** The API server refuses two alike references; a folder may have them. */
function listUniqueReferences(references: readonly ParentReference[]): readonly ParentReference[] {
  return [...new Map(references.map((reference) => [JSON.stringify(reference.written), reference])).values()];
}

function findParent(
  { namespace }: HttpRoute,
  reference: ParentReference,
  { listenersByParent }: RouteParents,
): readonly JudgedListener[] | undefined {
  if (reference.group !== GATEWAY_GROUP) return undefined;
  const name = nameOf({ namespace: reference.namespace ?? namespace, name: reference.name });
  return listenersByParent.get(`${reference.kind} ${name}`);
}

function judgeParent(
  route: HttpRoute,
  reference: ParentReference,
  allListeners: readonly JudgedListener[],
  allowsNamespace: NamespaceCheck,
): ParentVerdict {
  const parentRef = reference.written;
  const reject = (rejection: ConditionProblem) => ({ parentRef, rejection, listenerKeys: [], attachments: [] });
  const named = allListeners.filter((listener) => isReferenced(listener, reference));
  if (named.length === 0) return reject(describeNoListener(reference));
  const parentNamespace = reference.namespace ?? route.namespace;
  const allowing = named.filter(
    ({ listener, supportedKinds }) =>
      supportedKinds.length > 0 && allowsNamespace(listener.allowedNamespaces, parentNamespace, route.namespace),
  );
  if (allowing.length === 0) return reject(describeNotAllowed(route));
  const taking = allowing.filter(({ hostname }) => intersectHostnames(hostname, route.hostnames).length > 0);
  if (taking.length === 0) return reject(describeNoHostname(allowing));
  return {
    parentRef,
    rejection: undefined,
    listenerKeys: taking.map(({ key }) => key),
    attachments: taking.flatMap(({ served }) => served.flatMap((listener) => buildAttachment(listener, route))),
  };
}

function isReferenced({ listener }: JudgedListener, { sectionName, port }: ParentReference): boolean {
  return (sectionName === undefined || listener.name === sectionName) && (port === undefined || listener.port === port);
}

function buildAttachment(listener: Attachment["listener"], { hostnames }: HttpRoute): Attachment[] {
  const shared = intersectHostnames(listener.hostname, hostnames);
  return shared.length === 0 ? [] : [{ listener, hostnames: shared }];
}

/** A route may reach a listener by two references; the listener takes it once. */
function mergeAttachments(attachments: readonly Attachment[]): readonly Attachment[] {
  return [...new Map(attachments.map((attachment) => [attachment.listener, attachment])).values()];
}

function describeNoListener({ kind, name, sectionName, port }: ParentReference): ConditionProblem {
  const wanted = [
    ...(sectionName === undefined ? [] : [`name ${sectionName}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
  ];
  const listener = wanted.length === 0 ? "listener" : `listener with ${wanted.join(" and ")}`;
  return { reason: "NoMatchingParent", message: `${kind} ${name} has no ${listener}`, remedy: "correct the parentRef" };
}

function describeNotAllowed({ namespace }: HttpRoute): ConditionProblem {
  const message = `no listener allows an HTTPRoute of namespace ${namespace}`;
  return { reason: "NotAllowedByListeners", message, remedy: "set allowedRoutes of the listener" };
}

function describeNoHostname(listeners: readonly JudgedListener[]): ConditionProblem {
  const names = listeners.map(({ hostname }) => hostname).join(", ");
  const message = `no hostname of the route is part of ${names}`;
  return { reason: "NoMatchingListenerHostname", message, remedy: "use a hostname of the listener" };
}
