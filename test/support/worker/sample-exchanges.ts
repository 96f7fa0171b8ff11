import { createSubrequestSender } from "../../../src/forward/subrequest.ts";
import type { ClientCertificate } from "../../../src/request/client-certificate.ts";
import { createExchange, type Exchange, type RequestServices } from "../../../src/request/exchange.ts";
import type { Filter, HostContext } from "../../../src/request/filter.ts";
import type { EdgeResponse } from "../../../src/request/response.ts";

const rules = { host: "shop.example.com", policies: {}, routes: [], backends: {} };

/** A host without backends. */
export const EMPTY_HOST_CONTEXT: HostContext = {
  rules,
  sendSubrequest: createSubrequestSender(rules),
  forward: async () => ({ response: new Response(null), outcome: "routed" }),
};

/** Returns services that reject every call, except for `overrides`. */
export function stubRequestServices(overrides: Partial<RequestServices>): RequestServices {
  const rejectCall = async () => Promise.reject(new Error("not stubbed"));
  const emptyCache = { get: async () => undefined, put: async () => {} };
  const env = {} as RequestServices["env"]; // no filter under test reads it
  return {
    env,
    waitUntil: () => {},
    runInBackground: () => {},
    serve: rejectCall,
    fetch: rejectCall,
    decrypt: rejectCall,
    cache: emptyCache,
    ...overrides,
  };
}

/** Returns the exchange of a GET, with stubbed services and a client certificate. */
export function stubExchange(
  url: string,
  headers: Record<string, string>,
  services: Partial<RequestServices> = {},
  clientCertificate?: Partial<ClientCertificate>,
): Exchange {
  const exchange = createExchange(
    new Request("http://edgress.invalid/", { headers }),
    stubRequestServices(services),
    url,
  );
  const certificate = { ...exchange.readClientCertificate(), ...clientCertificate };
  return { ...exchange, readClientCertificate: () => certificate };
}

/** Returns the response of a filter, and the exchange that it forwarded, if any. */
export async function runFilter(
  filter: Filter,
  exchange: Exchange,
): Promise<{ result: EdgeResponse; forwarded?: Exchange }> {
  const exchanges: Exchange[] = [];
  const result = await filter(exchange, async (next) => {
    exchanges.push(next);
    return { response: new Response("origin"), outcome: "routed" };
  });
  return { result, ...(exchanges[0] && { forwarded: exchanges[0] }) };
}

/** Returns a header that the exchange sets for the origin. */
export function findOriginHeader({ originHeaders }: Exchange, name: string): string | undefined {
  return originHeaders.findLast(([headerName]) => headerName.toLowerCase() === name.toLowerCase())?.[1];
}
