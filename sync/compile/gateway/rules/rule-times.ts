import type { PolicySettings } from "../../../../src/rules/policies/index.ts";
import { parseGatewayDuration } from "../../../collect/gateway/gateway-duration.ts";
import type { HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";

/** Returns policies with the timeouts and retries of a rule. They override those of annotations. Without any: the same. */
export function withRuleTimes(policies: PolicySettings, { timeouts, retry: _retry }: HttpRouteRule): PolicySettings {
  const requestMs = readTimeout(timeouts.request);
  const answerMs = readTimeout(timeouts.backendRequest);
  const times = { ...(requestMs !== undefined && { requestMs }), ...(answerMs !== undefined && { answerMs }) };
  return Object.keys(times).length === 0 ? policies : { ...policies, upstream: { ...policies.upstream, ...times } };
}

/** Returns undefined for a timeout of zero, which means no limit. */
function readTimeout(text: string | undefined): number | undefined {
  const ms = parseGatewayDuration(text ?? "") ?? 0;
  return ms === 0 ? undefined : ms;
}
