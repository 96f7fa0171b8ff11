import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const MOST = 1000;

/** A set of texts that holds none of them, only keyed hashes, and each of those for a short while. */
export interface ForgetfulSet {
  has(text: string, now: number): boolean;
  add(text: string, now: number): void;
}

export function forgetfulSet(keptMs: number): ForgetfulSet {
  const until = new Map<string, number>();
  let key: Uint8Array | undefined; // workerd has no randomness before the first request
  const nameOf = (text: string) => {
    key ??= crypto.getRandomValues(new Uint8Array(32));
    return bytesToHex(hmac(sha256, key, utf8ToBytes(text)));
  };
  return {
    has(text, now) {
      return (until.get(nameOf(text)) ?? 0) > now;
    },
    add(text, now) {
      const name = nameOf(text);
      until.delete(name); // so that the oldest comes first
      until.set(name, now + keptMs);
      const [oldest] = until.keys();
      if (until.size > MOST && oldest !== undefined) until.delete(oldest);
    },
  };
}
