/**
 * The ports of proxied DNS records, each scheme's own first: no other can be reached through Cloudflare.
 * https://developers.cloudflare.com/fundamentals/reference/network-ports/
 */
export const PROXIED_PORTS: Readonly<Record<"http" | "https", readonly [number, ...number[]]>> = {
  http: [80, 8080, 8880, 2052, 2082, 2086, 2095],
  https: [443, 2053, 2083, 2087, 2096, 8443],
};
