import { logAccess } from "./access.ts";
import { type Answer, ownAnswer } from "./answer.ts";
import type { Env } from "./env.ts";
import { type Exchange, exchangeOf } from "./exchange.ts";
import { type Loaded, load } from "./load/load.ts";
import { firstHost } from "./match/host.ts";

/** A request's way: load, match, filter, forward, log. It never throws. */
export async function serve(request: Request, env: Env, background: ExecutionContext): Promise<Response> {
  const started = Date.now();
  const exchange = exchangeOf(request);
  const loaded = await load(env, exchange.host, background, started);
  const answer = await answerFrom(loaded, exchange).catch((error: unknown) => {
    return ownAnswer(exchange, 500, "internal-error", error instanceof Error ? error.message : String(error));
  });
  logAccess(exchange, answer, loaded.ok ? loaded.manifest.generation : undefined, Date.now() - started);
  return answer.response;
}

/** Everything about a request comes from the one snapshot that was loaded for it. */
async function answerFrom(loaded: Loaded, exchange: Exchange): Promise<Answer> {
  if (!loaded.ok) return ownAnswer(exchange, 503, "no-snapshot", loaded.because);
  if (exchange.path === undefined) return ownAnswer(exchange, 400, "bad-request", "the path cannot be read");
  const host = firstHost(loaded.hosts, exchange.host);
  return host ? host({ ...exchange, zones: loaded.manifest.zones }) : ownAnswer(exchange, 404, "no-route");
}
