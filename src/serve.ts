import { type Env, listDecryptionKeys } from "./env.ts";
import { load } from "./load/load.ts";
import { isReservedPath, serveReservedPath } from "./load/reserved-paths.ts";
import { matchHost } from "./match/match-host.ts";
import { logAccess } from "./request/access-log.ts";
import { createExchange, type Exchange, MAX_SUBREQUEST_DEPTH, type RequestServices } from "./request/exchange.ts";
import { rejectRequest } from "./request/reject-request.ts";
import { type EdgeResponse, errorResponse } from "./request/response.ts";
import { errorMessage } from "./rules/error-message.ts";
import { decryptSecret } from "./runtime/decrypt-secret.ts";
import { edgeCache } from "./runtime/edge-cache.ts";
import { fetchOrigin } from "./runtime/origin-fetch.ts";

/** Serves a request: load, match, filter, forward, log. It never throws. */
export async function serve(request: Request, env: Env, background: ExecutionContext): Promise<Response> {
  const startedAt = Date.now();
  const exchange = createExchange(request, createRequestServices(env, background, startedAt, 0));
  const { answer, generation } = isReservedPath(exchange)
    ? await serveReservedPath(exchange, env, background)
    : await serveSnapshot(exchange, env, background, startedAt);
  if (!answer.skipsAccessLog) logAccess(exchange, answer, generation, Date.now() - startedAt);
  return answer.response;
}

function createRequestServices(env: Env, background: ExecutionContext, now: number, depth: number): RequestServices {
  return {
    env,
    waitUntil: (work) => background.waitUntil(work),
    runInBackground: (work) => background.waitUntil(work()),
    fetch: fetchOrigin,
    decrypt: (sealed) => decryptSecret(sealed, listDecryptionKeys(env)),
    cache: edgeCache,
    async serve(exchange) {
      if (depth === MAX_SUBREQUEST_DEPTH) return errorResponse(exchange, 508, "subrequest-loop", "nested subrequests");
      const platform = createRequestServices(env, background, now, depth + 1);
      const startedAt = Date.now();
      const { answer, generation } = await serveSnapshot({ ...exchange, platform }, env, background, now);
      if (!answer.skipsAccessLog) logAccess(exchange, answer, generation, Date.now() - startedAt);
      return answer;
    },
  };
}

/** Serves an exchange with one snapshot, from host to origin. */
async function serveSnapshot(exchange: Exchange, env: Env, background: ExecutionContext, now: number) {
  const loadResult = await load(env, exchange.host, background, now);
  if (!loadResult.ok)
    return { answer: errorResponse(exchange, 503, "no-snapshot", loadResult.reason), generation: undefined };
  const { generation, zones } = loadResult.manifest;
  const handler = matchHost(loadResult.hosts, exchange.host);
  const answer = await dispatch(handler, { ...exchange, zones }).catch((error: unknown) => {
    return errorResponse(exchange, 500, "internal-error", errorMessage(error));
  });
  return { answer, generation };
}

async function dispatch(
  handler: ((exchange: Exchange) => Promise<EdgeResponse>) | undefined,
  exchange: Exchange,
): Promise<EdgeResponse> {
  return rejectRequest(exchange) ?? (handler ? handler(exchange) : errorResponse(exchange, 404, "no-route"));
}
