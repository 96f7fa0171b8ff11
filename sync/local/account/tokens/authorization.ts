import type { IncomingHttpHeaders } from "node:http";
import type { ApiToken, ErrorReply } from "../api-types.ts";
import type { TokenStore } from "./token-store.ts";

/** Returns the token of a request, or the error of its headers. */
export function authorize(
  { authorization, "x-auth-key": apiKey }: IncomingHttpHeaders,
  path: readonly string[],
  tokens: TokenStore,
): ApiToken | ErrorReply {
  const isVerification = path.at(-2) === "tokens" && path.at(-1) === "verify";
  if (authorization === undefined && apiKey !== undefined) return rejectApiKey(String(apiKey));
  if (authorization === undefined) {
    return isVerification
      ? { status: 400, code: 1001, message: "Missing Authorization header" }
      : { status: 400, code: 9106, message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers" };
  }
  const value = /^Bearer ([\w.~+/=-]+)$/.exec(authorization)?.[1];
  if (value === undefined) return rejectHeader(6111, "Invalid format for Authorization header");
  return tokens.find(value) ?? rejectToken(isVerification);
}

/** Global API keys have 37 or more hexadecimal digits. The account has none. */
function rejectApiKey(apiKey: string): ErrorReply {
  return /^[0-9a-f]{37,}$/.test(apiKey)
    ? { status: 403, code: 9103, message: "Unknown X-Auth-Key or X-Auth-Email" }
    : rejectHeader(6103, "Invalid format for X-Auth-Key header");
}

function rejectHeader(code: number, message: string): ErrorReply {
  return { status: 400, code: 6003, message: "Invalid request headers", errorChain: [{ code, message }] };
}

function rejectToken(isVerification: boolean): ErrorReply {
  return isVerification
    ? { status: 401, code: 1000, message: "Invalid API Token" }
    : { status: 403, code: 10000, message: "Authentication error" };
}
