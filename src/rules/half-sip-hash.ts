/** Two 32-bit words. Texts with equal hashes can be chosen only with them, so they are not public. */
export type HashKey = readonly [number, number];

/**
 * HalfSipHash-2-4 with 32 bits of output: a keyed hash for short ASCII texts. Its state is local variables, because the edge
 * hashes the host of many requests.
 * Source: https://github.com/veorq/SipHash (halfsiphash.c).
 */
export function halfSipHash([keyLow, keyHigh]: HashKey, text: string): number {
  let v0 = keyLow | 0;
  let v1 = keyHigh | 0;
  let v2 = 0x6c796765 ^ keyLow;
  let v3 = 0x74656462 ^ keyHigh;
  const lastWord = text.length >> 2;
  const rounds = 2 * (lastWord + 1) + 4;
  let word = 0;
  for (let round = 0; round < rounds; round++) {
    const isWordRound = round < rounds - 4;
    if (isWordRound && (round & 1) === 0) {
      word = readWord(text, round * 2) | (round >> 1 === lastWord ? text.length << 24 : 0);
      v3 ^= word;
    }
    if (round === rounds - 4) v2 ^= 0xff;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (isWordRound && (round & 1) === 1) v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

/** Four bytes, the first one lowest. Bytes after the end of the text are 0. */
function readWord(text: string, start: number): number {
  let word = 0;
  for (let offset = 0; offset < 4 && start + offset < text.length; offset++)
    word |= (text.charCodeAt(start + offset) & 0xff) << (8 * offset);
  return word;
}
