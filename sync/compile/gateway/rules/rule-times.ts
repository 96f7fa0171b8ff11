import type { PolicySettings } from "../../../../src/rules/policies/index.ts";
import { buildRouteRetry } from "../../../../src/rules/policies/retry-settings.ts";
import { withUpstream } from "../../../../src/rules/policies/upstream.ts";
import { parseGatewayDuration } from "../../../collect/gateway/gateway-duration.ts";
import type { HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";

/** Returns policies with the timeouts and retries of a rule. They override those of annotations. Without any: the same. */
export function withRuleTimes(policies: PolicySettings, { timeouts, retry }: HttpRouteRule): PolicySettings {
  const requestMs = readDuration(timeouts.request);
  const responseMs = readDuration(timeouts.backendRequest);
  // A limit of the whole request replaces the default limit of each attempt.
  const answerMs = responseMs ?? (requestMs === undefined ? undefined : 0);
  const times = {
    ...(requestMs !== undefined && requestMs > 0 && { requestMs }),
    ...(answerMs !== undefined && { answerMs }),
    ...(responseMs !== undefined && responseMs > 0 && { responseMs }),
    ...(retry && { retry: buildRouteRetry({ ...retry, backoffMs: readDuration(retry.backoff) }) }),
  };
  return Object.keys(times).length === 0 ? policies : withUpstream(policies, times);
}

function readDuration(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseGatewayDuration(text);
}
