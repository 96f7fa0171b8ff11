import { type Answer, ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { Next } from "../filters/filter.ts";
import type { Address, Backend, HostRules } from "../rules/snapshot.ts";
import { originFetch } from "./fetch.ts";
import { clientResponse, originHeaders } from "./headers.ts";
import { outgoing } from "./outgoing.ts";
import { type OriginTarget, originTarget } from "./target.ts";

// nginx's proxy_read_timeout.
const ANSWER_TIMEOUT_MS = 60_000;
// What Cloudflare answers where an origin does not; https://developers.cloudflare.com/support/troubleshooting/http-status-codes/.
const CLOUDFLARE_TIMEOUTS = [522, 524];
const CLOUDFLARE_FAILURES = [520, 521, 523, 525, 526, 530];

/** The end of every chain of a host: forwards to the exchange's backend, or answers 404 where it has none. */
export function forwarder({ backends }: HostRules): Next {
  const turns = new Map(
    Object.entries(backends).map(([id, backend]) => [id, { backend, next: roundRobin(backend.addresses) }]),
  );
  return async (exchange) => {
    const turn = exchange.backend === undefined ? undefined : turns.get(exchange.backend);
    return turn ? forward(exchange, turn.backend, turn.next()) : ownAnswer(exchange, 404, "no-route");
  };
}

async function forward(exchange: Exchange, backend: Backend, address: Address): Promise<Answer> {
  const origin = `${backend.scheme}://${address.address}:${backend.port}`;
  const target = originTarget(exchange, backend, address);
  if (!target) return ownAnswer(exchange, 502, "origin-refused", "the account has no zone");
  const started = Date.now();
  const answer = await ask(exchange, target);
  return { ...answer, backend: exchange.backend, origin, originMs: Date.now() - started };
}

async function ask(exchange: Exchange, { url, resolveOverride }: OriginTarget): Promise<Answer> {
  const { request, platform } = exchange;
  const asked = outgoing(url, exchange);
  const late = lateAfter(asked.sent, Number(platform.env.ANSWER_TIMEOUT_MS ?? ANSWER_TIMEOUT_MS));
  try {
    const signal = AbortSignal.any([request.signal, late.signal]);
    const response = await originFetch(asked.request, { headers: originHeaders(exchange), signal, resolveOverride });
    return judged(exchange, response);
  } catch (error) {
    if (late.signal.aborted) return ownAnswer(exchange, 504, "origin-timeout");
    if (request.signal.aborted) return ownAnswer(exchange, 502, "client-gone");
    return ownAnswer(exchange, 502, "origin-refused", error instanceof Error ? error.message : String(error));
  } finally {
    late.stop();
  }
}

/** Aborts its signal some time after the request has been sent, as nginx does: a slow upload is no slow answer. */
function lateAfter(sent: Promise<void>, ms: number): { signal: AbortSignal; stop(): void } {
  const late = new AbortController();
  let timer: number | null = null;
  let stopped = false;
  sent.then(() => {
    if (!stopped) timer = setTimeout(() => late.abort(), ms);
  });
  return {
    signal: late.signal,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function judged(exchange: Exchange, response: Response): Answer {
  const because = `Cloudflare answered ${response.status}`;
  if (CLOUDFLARE_TIMEOUTS.includes(response.status)) return ownAnswer(exchange, 504, "origin-timeout", because);
  if (CLOUDFLARE_FAILURES.includes(response.status)) return ownAnswer(exchange, 502, "origin-refused", because);
  return { response: clientResponse(response), outcome: "routed" };
}

/** Each address in turn, from a random one on, so that isolates do not go in step. */
function roundRobin(addresses: readonly Address[]): () => Address {
  let turn = Math.floor(Math.random() * addresses.length);
  return () => {
    turn = (turn + 1) % addresses.length;
    return addresses[turn] as Address; // the schema asks for one at least
  };
}
