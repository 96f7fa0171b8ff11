import { logAccess } from "./access.ts";
import { type Answer, ownAnswer } from "./answer.ts";
import { edgeCache } from "./edge-cache.ts";
import type { Env } from "./env.ts";
import { type Exchange, exchangeOf, type Platform } from "./exchange.ts";
import { originFetch } from "./forward/fetch.ts";
import { load } from "./load/load.ts";
import { firstHost } from "./match/host.ts";
import { MOST_NESTED } from "./nesting.ts";
import { openSealed } from "./sealed.ts";

/** A request's way: load, match, filter, forward, log. It never throws. */
export async function serve(request: Request, env: Env, background: ExecutionContext): Promise<Response> {
  const started = Date.now();
  const exchange = exchangeOf(request, platformOf(env, background, started, 0));
  const { answer, generation } = await served(exchange, env, background, started);
  if (!answer.isUnlogged) logAccess(exchange, answer, generation, Date.now() - started);
  return answer.response;
}

function platformOf(env: Env, background: ExecutionContext, now: number, nested: number): Platform {
  return {
    env,
    waitUntil: (work) => background.waitUntil(work),
    aside: (work) => background.waitUntil(work()),
    fetch: originFetch,
    open: (sealed) => openSealed(sealed, env.EDGRESS_SEALING_KEY),
    cache: edgeCache,
    async serve(exchange) {
      if (nested === MOST_NESTED) return ownAnswer(exchange, 508, "loop", "a subrequest asks for itself");
      const platform = platformOf(env, background, now, nested + 1);
      return (await served({ ...exchange, platform }, env, background, now)).answer;
    },
  };
}

/** Everything about a request comes from the one snapshot that was loaded for it. */
async function served(exchange: Exchange, env: Env, background: ExecutionContext, now: number) {
  const loaded = await load(env, exchange.host, background, now);
  if (!loaded.ok) return { answer: ownAnswer(exchange, 503, "no-snapshot", loaded.because), generation: undefined };
  const { generation, zones } = loaded.manifest;
  const host = firstHost(loaded.hosts, exchange.host);
  const answer = await answerFrom(host, { ...exchange, zones }).catch((error: unknown) => {
    return ownAnswer(exchange, 500, "internal-error", error instanceof Error ? error.message : String(error));
  });
  return { answer, generation };
}

async function answerFrom(
  host: ((exchange: Exchange) => Promise<Answer>) | undefined,
  exchange: Exchange,
): Promise<Answer> {
  if (exchange.path === undefined) return ownAnswer(exchange, 400, "bad-request", "the path cannot be read");
  return host ? host(exchange) : ownAnswer(exchange, 404, "no-route");
}
