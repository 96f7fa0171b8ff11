import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import * as z from "zod/mini";
import type { Exchange } from "../../request/exchange.ts";
import { expandVariables } from "../../request/nginx-variables.ts";
import type { ExternalAuth } from "../../rules/policies/external-auth.ts";

/** The parts of an authentication service's response that are used. */
const AuthResponse = z.strictObject({
  status: z.number(),
  headers: z.array(z.tuple([z.string(), z.string()])), // headers for the origin
  challenge: z.optional(z.string()), // WWW-Authenticate
  cookies: z.array(z.string()), // Set-Cookie
  cacheSeconds: z.optional(z.number()), // from the cache headers of the response; 0: not cacheable
});
export type AuthResponse = z.infer<typeof AuthResponse>;

/** Calls the service. Returns a text with the reason if that fails. */
type CallAuthService = (exchange: Exchange) => Promise<AuthResponse | string>;

export function parseAuthResponse({ status, headers }: Response, wantedHeaders: readonly string[]): AuthResponse {
  const challenge = headers.get("WWW-Authenticate");
  const cacheSeconds = parseCacheSeconds(headers);
  return {
    status,
    headers: wantedHeaders.flatMap((name): [string, string][] => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
    ...(challenge !== null && { challenge }),
    cookies: headers.getSetCookie(),
    ...(cacheSeconds !== undefined && { cacheSeconds }),
  };
}

/**
 * Calls the service only if the cache has no response for the key, which includes all settings. The service can only
 * shorten the lifetime of its response. Ignores failures of the cache.
 */
export function withCache(
  cache: NonNullable<ExternalAuth["cache"]>,
  settings: ExternalAuth,
  callService: CallAuthService,
): CallAuthService {
  return async (exchange) => {
    const { get, put } = exchange.platform.cache;
    const { namespace, ingress } = exchange.labels;
    const key = JSON.stringify([exchange.host, namespace, ingress, settings, expandVariables(cache.key, exchange)]);
    const name = `auth/${bytesToHex(sha256(utf8ToBytes(key)))}`;
    const cached = parseCached(await get(name).catch(() => undefined));
    if (cached) return cached;
    const answer = await callService(exchange);
    if (typeof answer === "string") return answer;
    const seconds = Math.min(cache.seconds[answer.status] ?? 0, answer.cacheSeconds ?? Number.POSITIVE_INFINITY);
    if (seconds > 0 && answer.cookies.length === 0) {
      exchange.platform.waitUntil(put(name, JSON.stringify(answer), seconds).catch(() => {}));
    }
    return answer;
  };
}

function parseCached(text: string | undefined): AuthResponse | undefined {
  if (text === undefined) return undefined;
  try {
    return z.parse(AuthResponse, JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Returns the cache time of a response by its headers, as nginx reads them. */
function parseCacheSeconds(headers: Headers): number | undefined {
  const control = headers.get("Cache-Control")?.toLowerCase() ?? "";
  if (/\b(?:no-cache|no-store|private)\b/.test(control) || headers.get("Vary")?.trim() === "*") return 0;
  const [, age] = /\b(?:s-maxage|max-age)=(\d{1,9})\b/.exec(control) ?? [];
  if (age !== undefined) return Number(age);
  const expires = headers.get("Expires");
  if (expires === null) return undefined;
  return Math.max(0, Math.floor((Date.parse(expires) - Date.now()) / 1000) || 0);
}
