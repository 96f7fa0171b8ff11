import { avalanche, fnv1a } from "../../../../src/rules/hash.ts";
import type { WeightedBackendsSettings } from "../../../../src/rules/policies/weighted-backends.ts";
import { parseGatewayDuration } from "../../../collect/gateway/gateway-duration.ts";
import type { HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";

const DEFAULT_COOKIE = "EDGRESSSESSION";
const DEFAULT_HEADER = "X-Edgress-Session";

/**
 * Returns how a rule keeps clients at a backend. A session ends with the browser, unless its lifetime is permanent. `ruleId`
 * is a part of the default name, because a host's rules must not replace the cookies of each other.
 */
export function buildSession(
  { sessionPersistence }: HttpRouteRule,
  ruleId: string,
): WeightedBackendsSettings["session"] {
  if (!sessionPersistence) return undefined;
  const { type, sessionName, absoluteTimeout, lifetimeType } = sessionPersistence;
  if (type === "Header") return { type: "header", name: sessionName ?? `${DEFAULT_HEADER}-${hashRule(ruleId)}` };
  const maxAgeMs = lifetimeType === "Permanent" ? parseGatewayDuration(absoluteTimeout ?? "") : undefined;
  return {
    type: "cookie",
    name: sessionName ?? `${DEFAULT_COOKIE}-${hashRule(ruleId)}`,
    ...(maxAgeMs !== undefined && { maxAgeS: Math.ceil(maxAgeMs / 1000) }),
  };
}

function hashRule(ruleId: string): string {
  return avalanche(fnv1a(ruleId)).toString(16).padStart(8, "0");
}
