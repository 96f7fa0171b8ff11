import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyCookie } from "../../src/filters/proxy-cookie.ts";
import { proxyRedirect } from "../../src/filters/proxy-redirect.ts";
import type { Filter } from "../../src/request/filter.ts";
import { stubExchange } from "../support/worker/sample-exchanges.ts";

const SHORT_LENGTH = 10_000;
const LENGTH_FACTOR = 10;
// A linear filter takes 10 times as long, a quadratic one 100 times.
const MAX_TIME_FACTOR = 40;

/** Returns the shortest of several durations of a filter on a header of the origin, in milliseconds. */
async function measureFilter(filter: Filter, header: string, value: string): Promise<number> {
  const exchange = stubExchange("http://shop.example.com/", {});
  const durations: number[] = [];
  for (let run = 0; run < 5; run++) {
    const response = new Response(null, { headers: { [header]: value } });
    const startedAt = performance.now();
    await filter(exchange, async () => ({ response, outcome: "routed" }));
    durations.push(performance.now() - startedAt);
  }
  return Math.min(...durations);
}

const cookieFilter = proxyCookie({
  domain: { from: "inner.example.com", to: "shop.example.com" },
  path: { from: "/inner/", to: "/" },
});
const redirectFilter = proxyRedirect({ from: "http://inner.example.com/", to: "/", isRelative: false });

for (const [sentence, filter, header, buildValue] of [
  ["a path with spaces", cookieFilter, "Set-Cookie", (length: number) => `a=b; path=/${" ".repeat(length)}x`],
  ["a domain with spaces", cookieFilter, "Set-Cookie", (length: number) => `a=b; domain=a${" ".repeat(length)}x`],
  ["spaces before a name", cookieFilter, "Set-Cookie", (length: number) => `a=b;${" ".repeat(length)}x=y`],
  ["a refresh without a URL", redirectFilter, "Refresh", (length: number) => "url".repeat(length)],
] as const) {
  test(`An origin cannot cause quadratic time with ${sentence} in ${header}`, async () => {
    const shortTime = await measureFilter(filter, header, buildValue(SHORT_LENGTH));
    const longTime = await measureFilter(filter, header, buildValue(SHORT_LENGTH * LENGTH_FACTOR));
    const factor = longTime / shortTime;
    assert.ok(factor < MAX_TIME_FACTOR, `${LENGTH_FACTOR} times the length takes ${factor} times as long`);
  });
}
