import { createSubrequestSender } from "../../src/forward/subrequest.ts";
import type { ClientCertificate } from "../../src/request/client-certificate.ts";
import { createExchange, type Exchange, type RequestServices } from "../../src/request/exchange.ts";
import type { Filter, HostContext } from "../../src/request/filter.ts";
import type { EdgeResponse } from "../../src/request/response.ts";

const rules = { host: "shop.example.com", policies: {}, routes: [], backends: {} };

/** A host without backends. */
export const EMPTY_HOST_CONTEXT: HostContext = {
  rules,
  sendSubrequest: createSubrequestSender(rules),
  forward: async () => ({ response: new Response(null), outcome: "routed" }),
};

/** A platform that does nothing but what is given. */
export function stubRequestServices(overrides: Partial<RequestServices>): RequestServices {
  const rejectCall = async () => Promise.reject(new Error("not here"));
  const emptyCache = { get: async () => undefined, put: async () => {} };
  const env = {} as RequestServices["env"]; // no filter that is tested so looks at it
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

/** A request as it arrives, with what is given in place of what would be found out. */
export function stubExchange(
  url: string,
  headers: Record<string, string>,
  platform: Partial<RequestServices> = {},
  clientCertificate?: Partial<ClientCertificate>,
): Exchange {
  const exchange = createExchange(
    new Request("http://edgress.invalid/", { headers }),
    stubRequestServices(platform),
    url,
  );
  return { ...exchange, clientCertificate: { ...exchange.clientCertificate, ...clientCertificate } };
}

/** The answer of a filter, and the exchange that it handed on, if it did. */
export async function runFilter(
  filter: Filter,
  exchange: Exchange,
): Promise<{ answer: EdgeResponse; handedOn?: Exchange }> {
  const handedOn: Exchange[] = [];
  const answer = await filter(exchange, async (next) => {
    handedOn.push(next);
    return { response: new Response("origin"), outcome: "routed" };
  });
  return { answer, ...(handedOn[0] && { handedOn: handedOn[0] }) };
}

/** A header that the origin would get from an exchange's own list. */
export function findOriginHeader({ originHeaders }: Exchange, name: string): string | undefined {
  return originHeaders.findLast(([headerName]) => headerName.toLowerCase() === name.toLowerCase())?.[1];
}
