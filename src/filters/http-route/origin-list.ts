/** The origins of a list entry. */
interface OriginPattern {
  readonly scheme: string;
  readonly host: string; // "*.example.com": any number of labels for the star
  readonly port: string;
}

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/?#]+)(?::(\d+))?$/i;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** Returns whether a list allows an origin: "https://shop.example.com:8443", "https://*.example.com", "https://*" or "*". */
export function createOriginList(list: readonly string[]): (origin: string) => boolean {
  if (list.includes("*")) return () => true;
  const patterns = list.flatMap((text) => parseOrigin(text) ?? []);
  return (text) => {
    const origin = parseOrigin(text);
    return origin !== undefined && patterns.some((pattern) => matchesOrigin(pattern, origin));
  };
}

function parseOrigin(text: string): OriginPattern | undefined {
  const [, scheme, host, port] = ORIGIN.exec(text.toLowerCase()) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  return { scheme, host, port: port ?? DEFAULT_PORTS[scheme] ?? "" };
}

function matchesOrigin(pattern: OriginPattern, { scheme, host, port }: OriginPattern): boolean {
  if (scheme !== pattern.scheme || port !== pattern.port) return false;
  if (!pattern.host.startsWith("*")) return host === pattern.host;
  const suffix = pattern.host.slice(1);
  return host.length > suffix.length && host.endsWith(suffix);
}
