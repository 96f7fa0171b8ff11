/** Two 32-bit words. Texts with equal hashes can be chosen only with them, so they are not public. */
export type HashKey = readonly [number, number];

/**
 * HalfSipHash-2-4 with 32 bits of output: a keyed hash for short ASCII texts.
 * Source: https://github.com/veorq/SipHash (halfsiphash.c).
 */
export function halfSipHash([keyLow, keyHigh]: HashKey, text: string): number {
  const state = Int32Array.of(keyLow, keyHigh, 0x6c796765 ^ keyLow, 0x74656462 ^ keyHigh);
  const lastWord = text.length >> 2;
  for (let index = 0; index <= lastWord; index++) {
    const word = readWord(text, index * 4) | (index === lastWord ? text.length << 24 : 0);
    state[3] = (state[3] ?? 0) ^ word;
    mix(state, 2);
    state[0] = (state[0] ?? 0) ^ word;
  }
  state[2] = (state[2] ?? 0) ^ 0xff;
  mix(state, 4);
  return ((state[1] ?? 0) ^ (state[3] ?? 0)) >>> 0;
}

/** Mixes the state in place, because a copy for each word would cost more than the hash. */
function mix(state: Int32Array, rounds: number): void {
  let [v0 = 0, v1 = 0, v2 = 0, v3 = 0] = state;
  for (let round = 0; round < rounds; round++) {
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
  }
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

/** Four bytes, the first one lowest. Bytes after the end of the text are 0. */
function readWord(text: string, start: number): number {
  let word = 0;
  for (let offset = 0; offset < 4 && start + offset < text.length; offset++)
    word |= (text.charCodeAt(start + offset) & 0xff) << (8 * offset);
  return word;
}
