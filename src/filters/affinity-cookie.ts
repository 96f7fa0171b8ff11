import { avalanche, fnv1a } from "../rules/hash.ts";

/**
 * What an affinity cookie holds for an address (by its record) and a backend. Of the address only 16 bits, so that nobody
 * finds it by trying all that there are; two addresses with the same bits are just not told apart.
 */
export function formatAffinityCookie(record: string, backend: string): string {
  return `${toHex(avalanche(fnv1a(record)) & 0xffff, 4)}|${hashBackend(backend)}`;
}

/** Whether a cookie was made for a backend, whatever the address. */
export function isAffinityCookieFor(cookie: string | undefined, backend: string | undefined): boolean {
  return cookie !== undefined && backend !== undefined && cookie.split("|")[1] === hashBackend(backend);
}

function hashBackend(backend: string): string {
  return toHex(avalanche(fnv1a(backend)), 8);
}

function toHex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
