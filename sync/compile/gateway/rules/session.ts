import { avalanche, fnv1a } from "../../../../src/rules/hash.ts";
import type { WeightedBackendsSettings } from "../../../../src/rules/policies/weighted-backends.ts";
import { parseGatewayDuration } from "../../../collect/gateway/gateway-duration.ts";
import type { HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";

const DEFAULT_COOKIE = "EDGRESSSESSION";
const DEFAULT_HEADER = "X-Edgress-Session";

/**
 * Returns how a rule keeps clients at a backend. A session ends with the browser, unless its lifetime is permanent. The id of
 * the rule is a part of the default name, or of the session, because a host's rules must not replace the sessions of each other.
 */
export function buildSession(
  { sessionPersistence }: HttpRouteRule,
  ruleId: string,
): WeightedBackendsSettings["session"] {
  if (!sessionPersistence) return undefined;
  const { type, sessionName, absoluteTimeout, idleTimeout, lifetimeType } = sessionPersistence;
  const rule = hashRule(ruleId);
  const isHeader = type === "Header";
  const absoluteS = readSeconds(absoluteTimeout);
  const idleS = readSeconds(idleTimeout);
  return {
    type: isHeader ? "header" : "cookie",
    ...(sessionName === undefined
      ? { name: `${isHeader ? DEFAULT_HEADER : DEFAULT_COOKIE}-${rule}` }
      : { name: sessionName, rule }),
    ...(absoluteS !== undefined && {
      absoluteS,
      ...(!isHeader && lifetimeType === "Permanent" && { maxAgeS: absoluteS }),
    }),
    ...(idleS !== undefined && { idleS }),
  };
}

/** Returns a duration in seconds, rounded up; undefined for none. A duration of 0 is no limit. */
function readSeconds(duration: string | undefined): number | undefined {
  return Math.ceil((parseGatewayDuration(duration ?? "") ?? 0) / 1000) || undefined;
}

function hashRule(ruleId: string): string {
  return avalanche(fnv1a(ruleId)).toString(16).padStart(8, "0");
}
