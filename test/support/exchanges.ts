import type { Answer } from "../../src/answer.ts";
import type { ClientCertificate } from "../../src/client-certificate.ts";
import { type Exchange, exchangeOf, type Platform } from "../../src/exchange.ts";
import type { Filter, Site } from "../../src/filters/filter.ts";

/** A site without backends. */
export const SITE: Site = {
  rules: { host: "shop.example.com", policies: {}, routes: [], backends: {} },
  forward: async () => ({ response: new Response(null), outcome: "routed" }),
};

/** A platform that does nothing but what is given. */
export function platformWith(given: Partial<Platform>): Platform {
  const nothing = async () => Promise.reject(new Error("not here"));
  const none = { get: async () => undefined, put: async () => {} };
  const env = {} as Platform["env"]; // no filter that is tested so looks at it
  return {
    env,
    waitUntil: () => {},
    aside: () => {},
    serve: nothing,
    fetch: nothing,
    open: nothing,
    cache: none,
    ...given,
  };
}

/** A request as it arrives, with what is given in place of what would be found out. */
export function exchangeWith(
  url: string,
  headers: Record<string, string>,
  platform: Partial<Platform> = {},
  clientCertificate?: Partial<ClientCertificate>,
): Exchange {
  const exchange = exchangeOf(new Request("http://edgress.invalid/", { headers }), platformWith(platform), url);
  return { ...exchange, clientCertificate: { ...exchange.clientCertificate, ...clientCertificate } };
}

/** The answer of a filter, and the exchange that it handed on, if it did. */
export async function through(filter: Filter, exchange: Exchange): Promise<{ answer: Answer; handedOn?: Exchange }> {
  const handedOn: Exchange[] = [];
  const answer = await filter(exchange, async (next) => {
    handedOn.push(next);
    return { response: new Response("origin"), outcome: "routed" };
  });
  return { answer, ...(handedOn[0] && { handedOn: handedOn[0] }) };
}

/** A header that the origin would get from an exchange's own list. */
export function originHeader({ originHeaders }: Exchange, name: string): string | undefined {
  return originHeaders.findLast(([own]) => own.toLowerCase() === name.toLowerCase())?.[1];
}
