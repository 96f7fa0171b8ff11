import { type Answer, ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { Next } from "../filters/filter.ts";
import { RETRY } from "../rules/policies/upstream.ts";
import type { Address, Backend, HostRules } from "../rules/snapshot.ts";
import { attempt } from "./attempt.ts";
import { isWorthAnother } from "./retry.ts";
import { type Body, bodyOf } from "./sending.ts";
import { originTarget } from "./target.ts";

/** The end of every chain of a host: forwards to the exchange's backend, or answers 404 where it has none. */
export function forwarder({ backends }: HostRules): Next {
  const turns = new Map(
    Object.entries(backends).map(([id, backend]) => [id, { backend, next: roundRobin(backend.addresses) }]),
  );
  return async (exchange) => {
    const turn = exchange.backend === undefined ? undefined : turns.get(exchange.backend);
    if (!turn) return ownAnswer(exchange, 404, "no-route");
    return forward(exchange, turn.backend, preferred(turn.next(), exchange.address));
  };
}

/** Asks one address after the other, as long as it is worth it. */
async function forward(exchange: Exchange, backend: Backend, addresses: readonly Address[]): Promise<Answer> {
  const started = Date.now();
  const retry = exchange.upstream?.retry ?? RETRY;
  const candidates = retry.tries === 0 ? addresses : addresses.slice(0, retry.tries);
  const body = await bodyOf(exchange, candidates.length > 1 && retry.on.length > 0).catch(() => undefined);
  if (!body) return ownAnswer(exchange, 502, "client-gone", "the request's body broke off");
  for (let index = 0; ; index++) {
    const { answer, failure } = await ask(exchange, backend, candidates[index] as Address, body); // the schema asks for one
    const originMs = Date.now() - started;
    const isLast = index + 1 >= candidates.length || !body.again || isOver(retry.withinMs, originMs);
    if (isLast || !isWorthAnother(failure, exchange.request.method, retry)) {
      return { ...answer, originMs, ...(index > 0 && { tries: index + 1 }) };
    }
    await answer.response.body?.cancel();
  }
}

function isOver(withinMs: number, ms: number): boolean {
  return withinMs > 0 && ms >= withinMs;
}

async function ask(exchange: Exchange, backend: Backend, address: Address, body: Body) {
  const target = originTarget(exchange, backend, address);
  if (!target) {
    return { answer: ownAnswer(exchange, 502, "origin-refused", "the account has no zone"), failure: undefined };
  }
  const { answer, failure } = await attempt(exchange, target, body);
  const origin = `${backend.scheme}://${address.address}:${backend.port}`;
  const { record } = address;
  return { answer: { ...answer, backend: exchange.backend, origin, record }, failure };
}

/** All addresses, each in turn the first, from a random one on, so that isolates do not go in step. */
function roundRobin(addresses: readonly Address[]): () => readonly Address[] {
  let turn = Math.floor(Math.random() * addresses.length);
  return () => {
    turn = (turn + 1) % addresses.length;
    return [...addresses.slice(turn), ...addresses.slice(0, turn)];
  };
}

/** The same addresses, with the one of a record first. */
function preferred(addresses: readonly Address[], record: string | undefined): readonly Address[] {
  const first = addresses.filter((address) => address.record === record);
  return first.length === 0 ? addresses : [...first, ...addresses.filter((address) => address.record !== record)];
}
