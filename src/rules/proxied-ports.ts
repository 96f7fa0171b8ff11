/**
 * The ports of proxied DNS records, with the default of each scheme first. Cloudflare proxies no other port.
 * https://developers.cloudflare.com/fundamentals/reference/network-ports/
 */
export const PROXIED_PORTS: Readonly<Record<"http" | "https", readonly [number, ...number[]]>> = {
  http: [80, 8080, 8880, 2052, 2082, 2086, 2095],
  https: [443, 2053, 2083, 2087, 2096, 8443],
};
