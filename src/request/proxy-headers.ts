import { HOP_BY_HOP_HEADERS } from "../rules/edge-headers.ts";
import type { Exchange } from "./exchange.ts";
import { isCopyable } from "./response.ts";
import { hasClientAddress } from "./unknown-client.ts";

// Headers that only a proxy may set. Cloudflare sets CF-Connecting-IP itself (error 1000 if a Worker does).
const SPOOFABLE_HEADERS = [
  "CF-Connecting-IP",
  "Forwarded",
  "X-Real-IP",
  "X-Rewrite-URL",
  ...["For", "Method", "Prefix", "Server", "Uri"].map((suffix) => `X-Forwarded-${suffix}`),
];
// The same, by prefix: X-Original-URL, ssl-client-verify. Some origins route by the former.
const SPOOFABLE_PREFIXES = ["x-original-", "ssl-client-"];

/** Builds the headers for the origin: the client's without hop-by-hop headers, and those of ingress-nginx. */
export function buildOriginHeaders(exchange: Exchange): Headers {
  const headers = new Headers(exchange.request.headers);
  const upgrade = headers.get("Upgrade");
  deleteHopByHop(headers);
  for (const name of [...headers.keys()]) {
    // nginx drops names with "_", because CGI cannot distinguish them from those with "-".
    if (name.includes("_") || SPOOFABLE_PREFIXES.some((prefix) => name.startsWith(prefix))) headers.delete(name);
  }
  for (const name of SPOOFABLE_HEADERS) headers.delete(name);
  if (upgrade?.toLowerCase() === "websocket") headers.set("Upgrade", "websocket");
  for (const [name, value] of buildClientHeaders(exchange)) headers.set(name, value);
  for (const [name, value] of exchange.originHeaders) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  return headers;
}

/** Returns the origin's response without hop-by-hop and X-Accel headers, if it can be copied. */
export function buildClientResponse(response: Response): Response {
  if (!isCopyable(response)) return response;
  const copy = new Response(response.body, response);
  deleteHopByHop(copy.headers);
  for (const name of [...copy.headers.keys()]) if (name.startsWith("x-accel-")) copy.headers.delete(name);
  return copy;
}

function buildClientHeaders(exchange: Exchange): [string, string][] {
  const { request, scheme, hostHeader, id } = exchange;
  const clientIp = hasClientAddress(exchange) ? exchange.clientIp : "";
  const headers: [string, string | undefined][] = [
    ["X-Request-ID", id],
    ["X-Real-IP", clientIp],
    ["X-Forwarded-For", clientIp],
    ["X-Forwarded-Host", hostHeader],
    ["X-Forwarded-Port", scheme === "https" ? "443" : "80"],
    ["X-Forwarded-Proto", scheme],
    ["X-Forwarded-Scheme", scheme],
    ["X-Scheme", scheme],
    ["X-Original-Forwarded-For", parseOriginalForwardedFor(request.headers.get("X-Forwarded-For"))],
    ["X-Original-Forwarded-Host", request.headers.get("X-Forwarded-Host") ?? undefined],
  ];
  return headers.filter((header): header is [string, string] => header[1] !== undefined && header[1] !== "");
}

/** Returns the header as the client sent it. Cloudflare appends the client's address. */
function parseOriginalForwardedFor(forwardedFor: string | null): string | undefined {
  return forwardedFor?.includes(",") ? forwardedFor.slice(0, forwardedFor.lastIndexOf(",")).trim() : undefined;
}

function deleteHopByHop(headers: Headers): void {
  const connectionHeaders = headers.get("Connection")?.split(",") ?? [];
  for (const name of [...connectionHeaders.map((text) => text.trim()).filter(isToken), ...HOP_BY_HOP_HEADERS]) {
    headers.delete(name);
  }
}

function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}
