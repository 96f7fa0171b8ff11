import type { ListenerStatus, StatusCondition } from "../gateway-compilation.ts";
import type { JudgedListener } from "../judged-gateways.ts";
import { buildCondition, formatProblem } from "./conditions.ts";

/** Returns the status of a listener of a Gateway or ListenerSet. */
export function buildListenerStatus(judged: JudgedListener, attachedRoutes: number): ListenerStatus {
  const { listener, supportedKinds, conflict, rejection, unresolved, unprogrammed } = judged;
  return {
    name: listener.name,
    supportedKinds,
    attachedRoutes,
    conditions: [
      buildCondition("Accepted", conflict ?? rejection),
      buildCondition("Programmed", unprogrammed),
      buildCondition("ResolvedRefs", unresolved),
      conflict
        ? { type: "Conflicted", status: "True", ...formatProblem(conflict) }
        : { type: "Conflicted", status: "False", reason: "NoConflicts", message: "" },
      ...(judged.hasOverlappingHostname ? [OVERLAP] : []),
    ],
  };
}

const OVERLAP: StatusCondition = {
  type: "OverlappingTLSConfig",
  status: "True",
  reason: "OverlappingHostnames",
  message: "another HTTPS listener has a part of the hostname: Cloudflare selects the certificate",
};

/** Whether a listener is valid by itself. */
export function isAccepted({ conflict, rejection }: JudgedListener): boolean {
  return conflict === undefined && rejection === undefined;
}
