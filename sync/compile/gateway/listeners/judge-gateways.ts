import { compareText } from "../../../../src/rules/compare-text.ts";
import { nameOf } from "../../../collect/cluster-model.ts";
import { GATEWAY_GROUP } from "../../../collect/gateway/gateway-fields.ts";
import type { Gateway, GatewayObjects, ListenerSet } from "../../../collect/gateway/gateway-model.ts";
import type { NamespaceCheck } from "../allowed-namespaces.ts";
import { byAge } from "../by-age.ts";
import { assignAddress } from "../gateway-address.ts";
import type { ListenerInterner } from "../gateway-cache.ts";
import type { ConditionProblem, JudgedClass, JudgedGateway, JudgedListenerSet } from "../judged-gateways.ts";
import { describeParentProblem, judgeAllowedSet, judgeRefusedSet, type ListenerParent } from "./judge-listener-sets.ts";
import {
  buildGroup,
  finishListener,
  isAcceptedListener,
  judgeListeners,
  type RivalListener,
} from "./judge-listeners.ts";
import type { CertificateSources } from "./listener-certificates.ts";

/** The values that the verdicts on Gateways depend on. */
export interface GatewayContext {
  readonly classes: readonly JudgedClass[];
  readonly zones: readonly string[];
  readonly allowsNamespace: NamespaceCheck;
  readonly intern: ListenerInterner;
  readonly certificates: CertificateSources;
}

/** A Gateway of ours, and the ListenerSets that refer to it. */
export interface GatewayVerdicts {
  readonly gateway: JudgedGateway;
  readonly listenerSets: readonly JudgedListenerSet[];
}

/** Judges the Gateways whose class is ours, with their ListenerSets. Sorted by name. */
export function judgeGateways(
  { gateways, listenerSets }: Pick<GatewayObjects, "gateways" | "listenerSets">,
  context: GatewayContext,
): readonly GatewayVerdicts[] {
  const classNames = new Set(
    context.classes.filter(({ rejection }) => !rejection).map(({ gatewayClass }) => gatewayClass.name),
  );
  const setsByGateway = Map.groupBy(listenerSets.filter(refersToGateway), formatParentName);
  return gateways
    .filter(({ className }) => classNames.has(className))
    .toSorted((a, b) => compareText(nameOf(a), nameOf(b)))
    .map((gateway) => judgeGateway(gateway, setsByGateway.get(nameOf(gateway)) ?? [], context));
}

function refersToGateway({ parentRef }: ListenerSet): boolean {
  return parentRef.group === GATEWAY_GROUP && parentRef.kind === "Gateway";
}

function formatParentName({ namespace, parentRef }: ListenerSet): string {
  return nameOf({ namespace: parentRef.namespace ?? namespace, name: parentRef.name });
}

function judgeGateway(gateway: Gateway, allSets: readonly ListenerSet[], context: GatewayContext): GatewayVerdicts {
  const { address, rejection: addressRejection, problem: addressProblem } = assignAddress(gateway, context.zones);
  const isAllowed = ({ namespace }: ListenerSet) =>
    context.allowsNamespace(gateway.allowedListenerSets, gateway.namespace, namespace);
  const [allowedSets, refusedSets] = [
    allSets.filter(isAllowed).toSorted(byAge),
    allSets.filter((set) => !isAllowed(set)),
  ];
  const fields = gateway.unsupportedFields ?? [];
  const [ownRivals = [], ...setRivals] = judgeListeners(
    [buildGroup("Gateway", gateway, fields), ...allowedSets.map((set) => buildGroup("ListenerSet", set, fields))],
    context.certificates,
  );
  const rejection = judgeParameters(gateway) ?? addressRejection ?? judgeOwnListeners(ownRivals);
  const problem = rejection ?? addressProblem;
  const parent: ListenerParent = { gateway: nameOf(gateway), address, intern: context.intern, rejection, problem };
  const listenerSets = [
    ...allowedSets.map((set, index) => judgeAllowedSet(set, setRivals[index] ?? [], parent)),
    ...refusedSets.map((set) => judgeRefusedSet(set, parent, context.certificates)),
  ];
  const listeners = ownRivals.map((rival) => finishListener(rival, parent, describeParentProblem(parent)));
  const attachedListenerSets = listenerSets.filter((set) => !set.rejection).length;
  return {
    gateway: { gateway, address, rejection, addressProblem, listeners, attachedListenerSets },
    listenerSets: listenerSets.toSorted((a, b) => compareText(nameOf(a.listenerSet), nameOf(b.listenerSet))),
  };
}

function judgeParameters({ infrastructureParametersRef: reference }: Gateway): ConditionProblem | undefined {
  if (reference === undefined) return undefined;
  const message = `${reference.kind} ${reference.name} is not supported`;
  return { reason: "InvalidParameters", message, remedy: "remove spec.infrastructure.parametersRef" };
}

function judgeOwnListeners(rivals: readonly RivalListener[]): ConditionProblem | undefined {
  if (rivals.some(isAcceptedListener)) return undefined;
  return { reason: "ListenersNotValid", message: "no listener is accepted", remedy: "correct one of spec.listeners" };
}
