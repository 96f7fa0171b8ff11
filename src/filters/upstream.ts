import type { Filter, HostContext } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { avalanche, fnv1a } from "../rules/hash.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Address } from "../rules/snapshot.ts";

/** Says how the origin is asked, and of several addresses which one: what a value hashes to, unless one is chosen already. */
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

/** Rendezvous hashing: when an address comes or goes, only the values that were its own move. */
export function pickByRendezvous(addresses: readonly Address[], value: string): Address | undefined {
  const weight = ({ record }: Address) => avalanche(fnv1a(`${value}\n${record}`));
  return addresses.reduce<Address | undefined>(
    (best, address) => (best && weight(best) >= weight(address) ? best : address),
    undefined,
  );
}
