import type { Exchange } from "../request/exchange.ts";
import type { Address, Backend } from "../rules/snapshot.ts";
import { type AddressState, findAddressState } from "./address-health.ts";
import { buildOriginUrl } from "./origin-url.ts";
import { type Accepts, pickByRendezvous, pickFaster, pickNext, pickRandom, weighAddress } from "./pick-address.ts";
import { probe } from "./probe.ts";

/** Chooses the address of each request to a backend. Addresses are named by their index. */
export interface Balancer {
  readonly backend: Backend;
  /** Chooses the address to try first. It is neither unhealthy nor ejected, if there is such an address. */
  choose(exchange: Exchange, now: number): number;
  /** Returns the other addresses in the order of retries: unhealthy and ejected ones last. */
  listOthers(exchange: Exchange, first: number): readonly number[];
  /** Returns the state of an address; undefined if it is the only one. */
  stateOf(index: number): AddressState | undefined;
}

/** Creates the balancer of a backend. Round robin begins with a random address, so that isolates differ. */
export function createBalancer(id: string, backend: Backend): Balancer {
  const { addresses } = backend;
  if (addresses.length === 1) return { backend, choose: () => 0, listOthers: () => [], stateOf: () => undefined };
  const states = addresses.map((address) => findAddressState(id, backend, address));
  let lastIndex = Math.floor(Math.random() * addresses.length);
  const isAdmitted: Accepts = (index) => states[index]?.ejectedUntil === 0;
  const selectUsable = ({ unhealthy }: Exchange): Accepts => {
    const records = unhealthy?.[id];
    if (records === undefined) return isAdmitted;
    return (index) => isAdmitted(index) && !records.includes(addresses[index]?.record ?? "");
  };
  const chooseByMethod = (exchange: Exchange, accepts: Accepts, now: number) => {
    if (exchange.hashKey !== undefined) return pickByRendezvous(addresses, exchange.hashKey, accepts);
    switch (exchange.upstream?.balance) {
      case "random":
        return pickRandom(states.length, accepts);
      case "ewma":
        return pickFaster(states, accepts, now);
      case undefined: {
        const index = pickNext(lastIndex, states.length, accepts);
        if (index >= 0) lastIndex = index;
        return index;
      }
    }
  };
  return {
    backend,
    choose(exchange, now) {
      probeEjected(exchange, backend, states, now);
      const isUsable = selectUsable(exchange);
      const preferred = findRecord(addresses, exchange.preferredRecord);
      if (preferred >= 0 && isUsable(preferred)) return preferred;
      const usable = chooseByMethod(exchange, isUsable, now);
      if (usable >= 0) return usable;
      const admitted = isUsable === isAdmitted ? -1 : chooseByMethod(exchange, isAdmitted, now);
      if (admitted >= 0) return admitted;
      return preferred >= 0 ? preferred : chooseByMethod(exchange, acceptAll, now); // all are ejected
    },
    listOthers(exchange, first) {
      const { hashKey } = exchange;
      const isUsable = selectUsable(exchange);
      const others = addresses.flatMap((_, offset) => (offset === 0 ? [] : [(first + offset) % addresses.length]));
      const weight = (index: number) => (hashKey === undefined ? 0 : weighAddress(addresses[index], hashKey));
      return others.toSorted((a, b) => Number(isUsable(b)) - Number(isUsable(a)) || weight(b) - weight(a));
    },
    stateOf: (index) => states[index],
  };
}

const acceptAll: Accepts = () => true;

/** Chooses a random address for a subrequest: one that is neither unhealthy nor ejected, if there is any. */
export function chooseRandomAddress({ unhealthy }: Exchange, id: string, backend: Backend): Address | undefined {
  const { addresses } = backend;
  if (addresses.length === 1) return addresses[0];
  const accepts: Accepts = (index) => {
    const address = addresses[index];
    if (!address || unhealthy?.[id]?.includes(address.record)) return false;
    return findAddressState(id, backend, address).ejectedUntil === 0;
  };
  return addresses[pickRandom(addresses.length, accepts)] ?? addresses[pickRandom(addresses.length, acceptAll)];
}

/** Tries ejected addresses again, whose ejection has ended. */
function probeEjected(exchange: Exchange, backend: Backend, states: readonly AddressState[], now: number): void {
  for (let index = 0; index < states.length; index++) {
    const state = states[index];
    if (state === undefined || state.ejectedUntil === 0 || now < state.ejectedUntil) continue;
    const address = backend.addresses[index];
    const originUrl = address && buildOriginUrl({ ...exchange, originPath: "/", query: "" }, backend, address);
    if (originUrl) probe(exchange, originUrl, state, now);
  }
}

function findRecord(addresses: readonly Address[], record: string | undefined): number {
  return record === undefined ? -1 : addresses.findIndex((address) => address.record === record);
}
