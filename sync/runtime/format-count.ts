/** Returns a count with its noun: `1 host`, `2 hosts`, `2 Ingresses`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;
}
