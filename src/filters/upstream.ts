import type { Filter, HostContext } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { avalanche, fnv1a } from "../rules/hash.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Address } from "../rules/snapshot.ts";

/** Passes on the settings for the origin, and selects the address by hash if none is preferred. */
export function upstream(settings: SettingsOf<"upstream">, { rules }: HostContext): Filter {
  const { hashBy } = settings;
  return async (exchange, next) => {
    const { preferredRecord, backend } = exchange;
    if (hashBy === undefined || preferredRecord !== undefined) return next({ ...exchange, upstream: settings });
    const addresses = backend === undefined ? [] : (rules.backends[backend]?.addresses ?? []);
    const hashedAddress = pickByRendezvous(addresses, expandVariables(hashBy, exchange));
    return next({ ...exchange, upstream: settings, preferredRecord: hashedAddress?.record });
  };
}

/** Rendezvous hashing: if an address is added or removed, only its values move. */
export function pickByRendezvous(addresses: readonly Address[], value: string): Address | undefined {
  const weight = ({ record }: Address) => avalanche(fnv1a(`${value}\n${record}`));
  return addresses.reduce<Address | undefined>(
    (best, address) => (best && weight(best) >= weight(address) ? best : address),
    undefined,
  );
}
