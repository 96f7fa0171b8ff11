import type { Exchange } from "../request/exchange.ts";
import type { Next } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { DEFAULT_RETRY } from "../rules/policies/retry-settings.ts";
import type { Address, Backend, HostRules } from "../rules/snapshot.ts";
import { attempt } from "./attempt.ts";
import { buildOriginUrl } from "./origin-url.ts";
import { prepareBody, type RequestBody } from "./request-body.ts";
import { shouldRetry } from "./retry.ts";

/** Creates the end of the filter chains of a host: it forwards to the exchange's backend, or answers 404. */
export function createForwarder({ backends }: HostRules): Next {
  const rotations = new Map(
    Object.entries(backends).map(([id, backend]) => [id, { backend, next: createRoundRobin(backend.addresses) }]),
  );
  return async (exchange) => {
    const rotation = exchange.backend === undefined ? undefined : rotations.get(exchange.backend);
    if (!rotation) return errorResponse(exchange, 404, "no-route");
    return forwardWithRetry(exchange, rotation.backend, preferAddress(rotation.next(), exchange.preferredRecord));
  };
}

/** Tries one address after the other, while the failure allows a retry. */
async function forwardWithRetry(
  exchange: Exchange,
  backend: Backend,
  addresses: readonly Address[],
): Promise<EdgeResponse> {
  const startedAt = Date.now();
  const retry = exchange.upstream?.retry ?? DEFAULT_RETRY;
  const candidates = retry.tries === 0 ? addresses : addresses.slice(0, retry.tries);
  const body = await prepareBody(exchange, candidates.length > 1 && retry.on.length > 0).catch(() => undefined);
  if (!body) return errorResponse(exchange, 502, "client-closed", "the request body is incomplete");
  if (body === "length-required")
    return errorResponse(exchange, 411, "bad-request", `a ${exchange.request.method} with a body of unknown length`);
  for (let index = 0; ; index++) {
    // The cast: the schema requires an address.
    const { answer, failure } = await forwardToAddress(exchange, backend, candidates[index] as Address, body);
    const originMs = Date.now() - startedAt;
    const isLast = index + 1 >= candidates.length || !body.isRepeatable || isDeadlineExceeded(retry.withinMs, originMs);
    if (isLast || !shouldRetry(failure, exchange.request.method, retry)) {
      return { ...answer, originMs, ...(index > 0 && { attempts: index + 1 }) };
    }
    await answer.response.body?.cancel();
  }
}

function isDeadlineExceeded(withinMs: number, ms: number): boolean {
  return withinMs > 0 && ms >= withinMs;
}

async function forwardToAddress(exchange: Exchange, backend: Backend, address: Address, body: RequestBody) {
  const originUrl = buildOriginUrl(exchange, backend, address);
  if (!originUrl) {
    return {
      answer: errorResponse(exchange, 502, "origin-unreachable", "the account has no zone"),
      failure: undefined,
    };
  }
  const { answer, failure } = await attempt(exchange, originUrl, body);
  const origin = `${backend.scheme}://${address.address}:${backend.port}`;
  const { record } = address;
  return { answer: { ...answer, backend: exchange.backend, origin, record }, failure };
}

/** Returns all addresses, each first in turn. It begins with a random one, so that isolates differ. */
function createRoundRobin(addresses: readonly Address[]): () => readonly Address[] {
  let start = Math.floor(Math.random() * addresses.length);
  return () => {
    start = (start + 1) % addresses.length;
    return [...addresses.slice(start), ...addresses.slice(0, start)];
  };
}

/** Returns the addresses with the one of a record first. */
function preferAddress(addresses: readonly Address[], record: string | undefined): readonly Address[] {
  const matches = addresses.filter((address) => address.record === record);
  return matches.length === 0 ? addresses : [...matches, ...addresses.filter((address) => address.record !== record)];
}
