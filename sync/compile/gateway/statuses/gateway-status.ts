import type { GatewayMeta } from "../../../collect/gateway/http-route-model.ts";
import type { GatewayStatus, StatusCondition, StatusTarget } from "../gateway-compilation.ts";
import type { ConditionProblem, JudgedGateway, JudgedListener, JudgedListenerSet } from "../judged-gateways.ts";
import { buildCondition } from "./conditions.ts";
import { buildListenerStatus, isAccepted } from "./listener-status.ts";

/** Returns the number of accepted routes of a listener, by `JudgedListener.key`. */
export type CountRoutes = (listenerKey: string) => number;

/** Returns the status of a Gateway. "Programmed" holds once the rules are published. */
export function buildGatewayStatus(judged: JudgedGateway, countRoutes: CountRoutes): GatewayStatus {
  const { gateway, address, rejection, addressProblem, listeners, attachedListenerSets } = judged;
  const unresolved = listeners.find((listener) => listener.unresolved);
  return {
    ...identify(gateway),
    conditions: [
      rejection ? buildCondition("Accepted", rejection) : buildAccepted(listeners),
      buildCondition("Programmed", rejection ? invalid(rejection) : (addressProblem ?? findNoListener(listeners))),
      buildCondition("ResolvedRefs", unresolved && describeUnresolved(unresolved)),
    ],
    listeners: listeners.map((listener) => buildListenerStatus(listener, countRoutes(listener.key))),
    addresses: address === undefined ? [] : [{ type: "Hostname", value: address }],
    attachedListenerSets,
  };
}

/** Returns the status of a ListenerSet. "Programmed" holds once the rules are published. */
export function buildListenerSetStatus(judged: JudgedListenerSet, countRoutes: CountRoutes): GatewayStatus {
  const { listenerSet, rejection, listeners } = judged;
  return {
    ...identify(listenerSet),
    conditions: [
      rejection ? buildCondition("Accepted", rejection) : buildAccepted(listeners),
      buildCondition("Programmed", rejection ?? findNoListener(listeners)),
    ],
    listeners: listeners.map((listener) => buildListenerStatus(listener, countRoutes(listener.key))),
  };
}

/** Returns the identity of an object, for its status. */
export function identify({ namespace, name, uid, generation }: GatewayMeta): StatusTarget {
  return { namespace, name, uid, generation };
}

/** An object with one valid listener is accepted; the reason names the others. */
function buildAccepted(listeners: readonly JudgedListener[]): StatusCondition {
  const refused = listeners.filter((listener) => !isAccepted(listener)).map(({ listener }) => listener.name);
  if (refused.length === 0) return buildCondition("Accepted", undefined);
  const message = `not accepted: ${refused.join(", ")}; see the conditions of these listeners`;
  return { type: "Accepted", status: "True", reason: "ListenersNotValid", message };
}

function findNoListener(listeners: readonly JudgedListener[]): ConditionProblem | undefined {
  if (listeners.some(({ unprogrammed }) => !unprogrammed)) return undefined;
  return { reason: "Invalid", message: "no listener is programmed", remedy: "see the conditions of the listeners" };
}

function invalid(problem: ConditionProblem): ConditionProblem {
  return { ...problem, reason: "Invalid" };
}

function describeUnresolved({ listener, unresolved }: JudgedListener): ConditionProblem {
  return {
    reason: "ListenersNotResolved",
    message: `listener ${listener.name}: ${unresolved?.message}`,
    remedy: unresolved?.remedy ?? "",
  };
}
