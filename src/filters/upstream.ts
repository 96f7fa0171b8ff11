import { hashOf, mixed } from "../rules/hash.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Address } from "../rules/snapshot.ts";
import { expand } from "../variables.ts";
import type { Filter, Site } from "./filter.ts";

/** Says how the origin is asked, and of several addresses which one: what a value hashes to, unless one is chosen already. */
export function upstream(settings: SettingsOf<"upstream">, { rules }: Site): Filter {
  const { hashBy } = settings;
  return async (exchange, next) => {
    const { address, backend } = exchange;
    if (hashBy === undefined || address !== undefined) return next({ ...exchange, upstream: settings });
    const addresses = backend === undefined ? [] : (rules.backends[backend]?.addresses ?? []);
    const chosen = heaviest(addresses, expand(hashBy, exchange));
    return next({ ...exchange, upstream: settings, address: chosen?.record });
  };
}

/** Rendezvous hashing: when an address comes or goes, only the values that were its own move. */
export function heaviest(addresses: readonly Address[], value: string): Address | undefined {
  const weight = ({ record }: Address) => mixed(hashOf(`${value}\n${record}`));
  return addresses.reduce<Address | undefined>(
    (best, address) => (best && weight(best) >= weight(address) ? best : address),
    undefined,
  );
}
