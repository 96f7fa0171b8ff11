import { formatClientNetwork } from "../addresses.ts";
import { halfSipHash } from "../half-sip-hash.ts";

const HASHES = 2 ** 32;
const KEY_DIGITS = 8;

/**
 * Whether a client belongs to the share of a candidate. The same client always has the same place, so a growing share keeps
 * its clients. An IPv6 client is its /64 network. Another candidate orders the clients in another way.
 */
export function isInShare(clientIp: string, candidate: { readonly digest: string; readonly share: number }): boolean {
  const readWord = (start: number) => Number.parseInt(candidate.digest.slice(start, start + KEY_DIGITS), 16);
  const hash = halfSipHash([readWord(0), readWord(KEY_DIGITS)], formatClientNetwork(clientIp));
  return (hash / HASHES) * 100 < candidate.share;
}
