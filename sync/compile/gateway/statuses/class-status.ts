import type { GatewayClassStatus } from "../gateway-compilation.ts";
import { SUPPORTED_FEATURES } from "../gateway-features.ts";
import type { JudgedClass } from "../judged-gateways.ts";
import { buildCondition } from "./conditions.ts";
import { identify } from "./gateway-status.ts";

/** Returns the status of a GatewayClass with our controller's name. */
export function buildClassStatus({ gatewayClass, rejection, versionProblem }: JudgedClass): GatewayClassStatus {
  return {
    ...identify(gatewayClass),
    conditions: [
      buildCondition("Accepted", rejection),
      ...(versionProblem === "unread" ? [] : [buildCondition("SupportedVersion", versionProblem)]),
    ],
    supportedFeatures: SUPPORTED_FEATURES,
  };
}
