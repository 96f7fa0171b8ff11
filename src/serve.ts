import { type Env, listDecryptionKeys } from "./env.ts";
import { load } from "./load/load.ts";
import { isReservedPath, serveReservedPath } from "./load/reserved-paths.ts";
import { logAccess } from "./request/access-log.ts";
import { type ServedBy, writeDataPoint } from "./request/analytics.ts";
import { createExchange, type Exchange, MAX_SUBREQUEST_DEPTH, type RequestServices } from "./request/exchange.ts";
import { rejectRequest } from "./request/reject-request.ts";
import { type EdgeResponse, errorResponse } from "./request/response.ts";
import { errorMessage } from "./rules/error-message.ts";
import { decryptSecret } from "./runtime/decrypt-secret.ts";
import { edgeCache } from "./runtime/edge-cache.ts";
import { fetchOrigin } from "./runtime/origin-fetch.ts";

/** Serves a request: load, match, filter, forward, log. It never throws. */
export function serve(request: Request, env: Env, background: ExecutionContext): Promise<Response> {
  const response = serveToEnd(request, env, background);
  // Else a client that disconnects ends it before the access line and the clean-up. Other requests do not pay for it.
  request.signal.addEventListener("abort", () => background.waitUntil(response));
  return response;
}

async function serveToEnd(request: Request, env: Env, background: ExecutionContext): Promise<Response> {
  const startedAt = Date.now();
  const client: Client = { ip: request.headers.get("CF-Connecting-IP") ?? "", now: startedAt };
  const exchange = createExchange(request, createRequestServices(env, background, client, 0));
  if (isReservedPath(exchange)) {
    const { answer, generation } = await serveReservedPath(exchange, env, background);
    logAccess(exchange, answer, { ...UNSERVED, generation }, Date.now() - startedAt);
    return answer.response;
  }
  const { answer, ...servedBy } = await serveSnapshot(exchange, env, background, client);
  const durationMs = Date.now() - startedAt;
  if (!answer.skipsAccessLog) logAccess(exchange, answer, servedBy, durationMs);
  writeDataPoint(env.ANALYTICS, answer, servedBy, durationMs);
  return answer.response;
}

/** The client of a request. Its subrequests are served by the same side of a staged roll-out. */
interface Client {
  readonly ip: string;
  readonly now: number; // start of the request
}

/** An answer and the rules that gave it. */
interface ServedAnswer extends ServedBy {
  readonly answer: EdgeResponse;
}

function createRequestServices(env: Env, background: ExecutionContext, client: Client, depth: number): RequestServices {
  return {
    env,
    waitUntil: (work) => background.waitUntil(work),
    runInBackground: (work) => background.waitUntil(work()),
    fetch: fetchOrigin,
    decrypt: (sealed) => decryptSecret(sealed, listDecryptionKeys(env)),
    cache: edgeCache,
    async serve(exchange) {
      if (depth === MAX_SUBREQUEST_DEPTH) return errorResponse(exchange, 508, "subrequest-loop", "nested subrequests");
      const platform = createRequestServices(env, background, client, depth + 1);
      const startedAt = Date.now();
      const { answer, ...servedBy } = await serveSnapshot({ ...exchange, platform }, env, background, client);
      if (!answer.skipsAccessLog) logAccess(exchange, answer, servedBy, Date.now() - startedAt);
      return answer;
    },
  };
}

/** Serves an exchange with one snapshot, from host to origin. */
async function serveSnapshot(
  exchange: Exchange,
  env: Env,
  background: ExecutionContext,
  { ip: clientIp, now }: Client,
): Promise<ServedAnswer> {
  const loadResult = await load(env, { host: exchange.host, clientIp }, background, now);
  if (!loadResult.ok) return { answer: errorResponse(exchange, 503, "no-snapshot", loadResult.reason), ...UNSERVED };
  const { manifest, match, isCandidate } = loadResult;
  const answer = await dispatch(match?.handler, {
    ...exchange,
    zones: manifest.zones,
    unhealthy: manifest.unhealthy,
  }).catch((error: unknown) => {
    return errorResponse(exchange, 500, "internal-error", errorMessage(error));
  });
  return { answer, matchedHost: match?.host, generation: manifest.generation, isCandidate };
}

const UNSERVED: ServedBy = { matchedHost: undefined, generation: undefined, isCandidate: false };

async function dispatch(
  handler: ((exchange: Exchange) => Promise<EdgeResponse>) | undefined,
  exchange: Exchange,
): Promise<EdgeResponse> {
  return rejectRequest(exchange) ?? (handler ? handler(exchange) : errorResponse(exchange, 404, "no-route"));
}
