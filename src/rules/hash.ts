/** FNV-1a, 32 bits: uniform and cheap. Its low bits mix badly; see `avalanche`. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Mixes a hash, so that all its bits depend on the whole text: MurmurHash3's last step. */
export function avalanche(hash: number): number {
  const firstStep = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const secondStep = Math.imul(firstStep ^ (firstStep >>> 13), 0xc2b2ae35);
  return (secondStep ^ (secondStep >>> 16)) >>> 0;
}
