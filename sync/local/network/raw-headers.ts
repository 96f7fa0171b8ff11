const HOP_BY_HOP_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Removes hop-by-hop headers, including those that Connection names. */
export function stripHopByHop(
  rawHeaders: readonly string[],
  isExcluded: (name: string) => boolean = () => false,
): string[] {
  const pairs = parseHeaderPairs(rawHeaders);
  const connectionNames = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(",").map((token) => token.trim().toLowerCase()));
  const droppedNames = new Set([...HOP_BY_HOP_HEADERS, ...connectionNames]);
  return pairs.filter(([name]) => !droppedNames.has(name.toLowerCase()) && !isExcluded(name.toLowerCase())).flat();
}

/** Returns raw headers as pairs. */
export function parseHeaderPairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""] as [string, string]] : []));
}

/** Returns the values of all headers with a name, which is in lower case. */
export function listHeaderValues(rawHeaders: readonly string[], lowerCaseName: string): string[] {
  return parseHeaderPairs(rawHeaders).flatMap(([name, value]) => (name.toLowerCase() === lowerCaseName ? [value] : []));
}
