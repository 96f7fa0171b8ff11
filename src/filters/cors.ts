import type { Answer } from "../answer.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter } from "./filter.ts";

/**
 * Says who may read an answer, in place of whatever the origin says of it, and answers preflights: any OPTIONS of an
 * origin that may, as ingress-nginx does. A request of another origin goes its way without a word.
 */
export function cors(settings: SettingsOf<"cors">): Filter {
  const told = headersOf(settings);
  const isAllowed = settings.origins && matcherOf(settings.origins);
  return async (exchange, next) => {
    const origin = exchange.request.headers.get("Origin") ?? "";
    if (isAllowed && !isAllowed(origin)) return withHeaders(await next(exchange), [], true);
    const allowed: Header[] = [["Access-Control-Allow-Origin", isAllowed ? origin : "*"], ...told];
    const answer = exchange.request.method === "OPTIONS" ? preflight() : await next(exchange);
    return withHeaders(answer, allowed, isAllowed !== undefined);
  };
}

type Header = readonly [name: string, value: string];

function headersOf({ credentials, methods, headers, exposed, maxAge }: SettingsOf<"cors">): Header[] {
  return [
    ...(credentials ? [["Access-Control-Allow-Credentials", "true"] as const] : []),
    ["Access-Control-Allow-Methods", methods],
    ["Access-Control-Allow-Headers", headers],
    ...(exposed === undefined ? [] : [["Access-Control-Expose-Headers", exposed] as const]),
    ["Access-Control-Max-Age", String(maxAge)],
  ];
}

/** Whole origins, in any case: `https://*.example.com` takes `https://a.example.com`, not what ends or begins like it. */
function matcherOf(origins: readonly string[]): (origin: string) => boolean {
  const patterns = origins.map((origin) => origin.replace(/[.+]/g, "\\$&").replace("*", "[a-z0-9-]+"));
  const expression = new RegExp(`^(?:${patterns.join("|")})$`, "i");
  return (origin) => expression.test(origin);
}

function preflight(): Answer {
  const headers = { "Content-Type": "text/plain charset=UTF-8", "Content-Length": "0" };
  return { response: new Response(null, { status: 204, headers }), outcome: "preflight" };
}

/** A copy with headers set; where it depends on who asks, caches are told so. */
function withHeaders(answer: Answer, headers: readonly Header[], depends: boolean): Answer {
  if (answer.response.status === 101) return answer;
  const response = new Response(answer.response.body, answer.response);
  for (const [name, value] of headers) response.headers.set(name, value);
  const vary = response.headers.get("Vary") ?? "";
  if (depends && !/(^|,)\s*(origin|\*)\s*(,|$)/i.test(vary)) response.headers.append("Vary", "Origin");
  return { ...answer, response };
}
