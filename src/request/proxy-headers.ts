import { HOP_BY_HOP_HEADERS } from "../rules/edge-headers.ts";
import type { Exchange } from "./exchange.ts";
import { copyResponse, type EdgeResponse, isCopyable } from "./response.ts";
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
// Instructions to a proxy, which nginx does not send to clients (ngx_http_proxy_hide_headers).
const PROXY_INSTRUCTIONS = ["Redirect", "Expires", "Limit-Rate", "Buffering", "Charset"].map(
  (suffix) => `X-Accel-${suffix}`,
);

const HEADERS_NOT_FORWARDED = new Set([...HOP_BY_HOP_HEADERS, ...SPOOFABLE_HEADERS].map((name) => name.toLowerCase()));
const HEADERS_NOT_RETURNED = [...HOP_BY_HOP_HEADERS, ...PROXY_INSTRUCTIONS];

/** Builds the headers for the origin: the client's without hop-by-hop headers, and those of ingress-nginx. */
export function buildOriginHeaders(exchange: Exchange): Headers {
  const clientHeaders = exchange.request.headers;
  const headers = new Headers(clientHeaders);
  let upgrade: string | null = null;
  // Only headers that are there are read and deleted, because every call into the runtime costs time.
  for (const name of clientHeaders.keys()) {
    if (name === "connection") deleteConnectionHeaders(headers, clientHeaders.get(name));
    if (name === "upgrade") upgrade = clientHeaders.get(name);
    if (isNotForwarded(name)) headers.delete(name);
  }
  if (upgrade?.toLowerCase() === "websocket") headers.set("Upgrade", "websocket");
  setClientHeaders(headers, exchange);
  for (const [name, value] of exchange.originHeaders) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  return headers;
}

/** Whether the origin does not get a header of the client. The name is in lower case. */
function isNotForwarded(name: string): boolean {
  // nginx drops names with "_", because CGI cannot distinguish them from those with "-".
  if (HEADERS_NOT_FORWARDED.has(name) || name.includes("_")) return true;
  return SPOOFABLE_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Returns the origin's response without hop-by-hop headers and instructions to a proxy. It is a copy only if it has such
 * headers, and can be copied.
 */
export function buildClientAnswer(response: Response): EdgeResponse {
  // To delete a header that is not there costs twice as much as to look for it.
  const names = HEADERS_NOT_RETURNED.filter((name) => response.headers.has(name));
  if (names.length === 0 || !isCopyable(response)) return { response, outcome: "routed" };
  const copy = copyResponse(response);
  const { headers } = copy.response;
  deleteConnectionHeaders(headers, headers.get("Connection"));
  for (const name of names) headers.delete(name);
  return { ...copy, outcome: "routed" };
}

function setClientHeaders(headers: Headers, exchange: Exchange): void {
  const { request, scheme, hostHeader, id } = exchange;
  const clientIp = hasClientAddress(exchange) ? exchange.clientIp : "";
  const set = (name: string, value: string | null | undefined) => {
    if (value) headers.set(name, value);
  };
  set("X-Request-ID", id);
  set("X-Real-IP", clientIp);
  set("X-Forwarded-For", clientIp);
  set("X-Forwarded-Host", hostHeader);
  set("X-Forwarded-Port", scheme === "https" ? "443" : "80");
  set("X-Forwarded-Proto", scheme);
  set("X-Forwarded-Scheme", scheme);
  set("X-Scheme", scheme);
  set("X-Original-Forwarded-For", parseOriginalForwardedFor(request.headers.get("X-Forwarded-For")));
  set("X-Original-Forwarded-Host", request.headers.get("X-Forwarded-Host"));
}

/** Returns the header as the client sent it. Cloudflare appends the client's address. */
function parseOriginalForwardedFor(forwardedFor: string | null): string | undefined {
  return forwardedFor?.includes(",") ? forwardedFor.slice(0, forwardedFor.lastIndexOf(",")).trim() : undefined;
}

/** Deletes the headers that a Connection header names. */
function deleteConnectionHeaders(headers: Headers, connection: string | null): void {
  for (const name of connection?.split(",").map((text) => text.trim()) ?? []) if (isToken(name)) headers.delete(name);
}

function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}
