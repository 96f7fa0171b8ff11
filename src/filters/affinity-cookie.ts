import { avalanche, fnv1a } from "../rules/hash.ts";
import type { HostRules } from "../rules/snapshot.ts";

/**
 * Returns the affinity cookie for an address (by its record) and a backend. It has only 16 bits of the address, so that
 * clients cannot find the address by trying all. Two addresses with the same bits are treated as one.
 */
export function formatAffinityCookie(record: string, backend: string): string {
  return `${toHex(avalanche(fnv1a(record)) & 0xffff, 4)}|${hashBackend(backend)}`;
}

/** Whether a cookie is for a backend, at any address. */
export function isAffinityCookieFor(cookie: string | undefined, backend: string | undefined): boolean {
  return cookie !== undefined && backend !== undefined && cookie.split("|")[1] === hashBackend(backend);
}

/** Returns the record of the address that a cookie names, if the backend has it. */
export function findAffinityRecord(
  rules: HostRules,
  backend: string | undefined,
  cookie: string | undefined,
): string | undefined {
  if (backend === undefined || cookie === undefined) return undefined;
  return rules.backends[backend]?.addresses.find(({ record }) => formatAffinityCookie(record, backend) === cookie)
    ?.record;
}

function hashBackend(backend: string): string {
  return toHex(avalanche(fnv1a(backend)), 8);
}

function toHex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
