/** FNV-1a, 32 bits: even, and cheap at the edge. Its low bits mix badly; see `mixed`. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** A hash all of whose bits depend on all of its text: MurmurHash3's last step. */
export function avalanche(hash: number): number {
  const firstRound = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const secondRound = Math.imul(firstRound ^ (firstRound >>> 13), 0xc2b2ae35);
  return (secondRound ^ (secondRound >>> 16)) >>> 0;
}
