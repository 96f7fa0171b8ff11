import type { Address, Backend } from "../rules/snapshot.ts";
import type { RetryCondition } from "./retry.ts";

/** The memory of this isolate about an address and port of a Service. Times are in milliseconds since 1970. */
export interface AddressState {
  /** Consecutive failures. */
  failures: number;
  /** End of the ejection, when the address is tried again; 0 if it is not ejected. */
  ejectedUntil: number;
  /** Begin of the ejection. A response to an earlier request does not end it. */
  ejectedAt: number;
  /** Length of the last ejection; 0 after a response. The next one is twice as long. */
  backOffMs: number;
  /** Moving average of the response time, and its last change; 0 without any. */
  latencyMs: number;
  latencyAt: number;
}

const FIRST_EJECTION_MS = 1000;
const MAX_EJECTION_MS = 60_000;
/** Consecutive timeouts that eject an address. One slow path of an origin must not eject it. */
const MAX_TIMEOUTS = 3;
/** Addresses and ports of Services that an isolate remembers. */
const MAX_STATES = 10_000;

// Plain data, kept across generations.
const states = new Map<string, AddressState>();

/**
 * Returns the state of an address for a backend ("namespace/service:port"). Drops the oldest one of too many. Services that
 * share an address do not share its state: the origin of one tenant could eject it for the others with a status.
 */
export function findAddressState(backendId: string, { scheme, port }: Backend, { record }: Address): AddressState {
  const key = `${backendId} ${scheme}://${record}:${port}`;
  const present = states.get(key);
  if (present) return present;
  const [oldestKey] = states.size >= MAX_STATES ? states.keys() : [];
  if (oldestKey !== undefined) states.delete(oldestKey);
  const state = { failures: 0, ejectedUntil: 0, ejectedAt: 0, backOffMs: 0, latencyMs: 0, latencyAt: 0 };
  states.set(key, state);
  return state;
}

/** Remembers a response, except one to a request that began before the address was ejected. */
export function recordResponse(state: AddressState, startedAt: number): void {
  if (state.failures === 0 && state.backOffMs === 0) return;
  if (state.ejectedUntil !== 0 && startedAt < state.ejectedAt) return;
  state.failures = 0;
  state.ejectedUntil = 0;
  state.backOffMs = 0;
}

/** Remembers a failure, and ejects the address if it is not reachable, or after 3 timeouts in sequence. */
export function recordFailure(state: AddressState, failure: RetryCondition, now: number): void {
  if (state.ejectedUntil !== 0) return;
  state.failures += 1;
  if (failure === "timeout" && state.failures < MAX_TIMEOUTS) return;
  eject(state, now);
}

/** Ejects an address for twice as long as before: for 1 s at first, and up to 60 s. */
export function eject(state: AddressState, now: number): void {
  state.backOffMs = Math.min(MAX_EJECTION_MS, Math.max(FIRST_EJECTION_MS, state.backOffMs * 2));
  state.ejectedAt = now;
  state.ejectedUntil = now + state.backOffMs;
}

/** Ends an ejection. Its length is kept until a client gets a response, for the case that the next request fails. */
export function readmit(state: AddressState): void {
  state.failures = 0;
  state.ejectedUntil = 0;
}
