import { hashOf, mixed } from "./rules/hash.ts";

/**
 * What an affinity cookie holds for an address (by its record) and a backend. Of the address only 16 bits, so that nobody
 * finds it by trying all that there are; two addresses with the same bits are just not told apart.
 */
export function cookieFor(record: string, backend: string): string {
  return `${hex(mixed(hashOf(record)) & 0xffff, 4)}|${backendKey(backend)}`;
}

/** Whether a cookie was made for a backend, whatever the address. */
export function isCookieFor(cookie: string | undefined, backend: string | undefined): boolean {
  return cookie !== undefined && backend !== undefined && cookie.split("|")[1] === backendKey(backend);
}

function backendKey(backend: string): string {
  return hex(mixed(hashOf(backend)), 8);
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
