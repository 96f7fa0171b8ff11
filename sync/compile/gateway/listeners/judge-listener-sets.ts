import type { ListenerSet } from "../../../collect/gateway/gateway-model.ts";
import type { ConditionProblem, JudgedListenerSet } from "../judged-gateways.ts";
import {
  buildGroup,
  finishListener,
  isUsableListener,
  judgeListeners,
  type ListenerIdentity,
  type RivalListener,
} from "./judge-listeners.ts";
import type { CertificateSources } from "./listener-certificates.ts";

/** The verdict on a Gateway, as its listeners and ListenerSets need it. */
export interface ListenerParent extends ListenerIdentity {
  /** Why the Gateway is not accepted. */
  readonly rejection: ConditionProblem | undefined;
  /** Why no listener of the Gateway is served. */
  readonly problem: ConditionProblem | undefined;
}

/** Judges a ListenerSet that the Gateway allows. One usable listener is enough. */
export function judgeAllowedSet(
  listenerSet: ListenerSet,
  rivals: readonly RivalListener[],
  parent: ListenerParent,
): JudgedListenerSet {
  const rejection = parent.rejection
    ? {
        reason: "ParentNotAccepted",
        message: `Gateway ${parent.gateway} is not accepted`,
        remedy: "correct the Gateway",
      }
    : judgeSetListeners(rivals);
  const problem = rejection ? describeInvalidSet(rejection) : describeParentProblem(parent);
  return { listenerSet, rejection, listeners: rivals.map((rival) => finishListener(rival, parent, problem)) };
}

/** Judges a ListenerSet that the Gateway does not allow. It conflicts with no other. */
export function judgeRefusedSet(
  listenerSet: ListenerSet,
  parent: ListenerParent,
  sources: CertificateSources,
): JudgedListenerSet {
  const message = `Gateway ${parent.gateway} does not allow ListenerSets of namespace ${listenerSet.namespace}`;
  const rejection = { reason: "NotAllowed", message, remedy: "set spec.allowedListeners of the Gateway" };
  const [rivals = []] = judgeListeners([buildGroup("ListenerSet", listenerSet, [])], sources);
  const problem = describeInvalidSet(rejection);
  return { listenerSet, rejection, listeners: rivals.map((rival) => finishListener(rival, parent, problem)) };
}

/** Returns why no listener of an object is served, as the condition of a listener. */
export function describeParentProblem({ gateway, problem }: ListenerParent): ConditionProblem | undefined {
  return (
    problem && { ...problem, reason: "Invalid", message: `Gateway ${gateway} is not programmed: ${problem.message}` }
  );
}

function describeInvalidSet({ message, remedy }: ConditionProblem): ConditionProblem {
  return { reason: "Invalid", message: `the ListenerSet is not accepted: ${message}`, remedy };
}

function judgeSetListeners(rivals: readonly RivalListener[]): ConditionProblem | undefined {
  if (rivals.some(isUsableListener)) return undefined;
  return { reason: "ListenersNotValid", message: "no listener is valid", remedy: "correct one of spec.listeners" };
}
