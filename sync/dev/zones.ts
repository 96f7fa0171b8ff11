/** The zone that holds every name: the DNS root. */
export const ROOT_ZONE = ".";

/** The longest of `zones` that `host` lies in: "a.shop.example.com" lies in "example.com", "myexample.com" does not. */
export function zoneOf(host: string, zones: readonly string[]): string | undefined {
  const name = plainName(host);
  return zones
    .filter((zone) => zone === ROOT_ZONE || name === zone || name.endsWith(`.${zone}`))
    .toSorted((a, b) => b.length - a.length)
    .at(0);
}

/** Names compare without case and without the root's dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
