import { createSubrequestSender } from "../../src/forward/subrequest.ts";
import { createHostHandler } from "../../src/load/host-handler.ts";
import { type Exchange, MAX_SUBREQUEST_DEPTH, type RequestServices } from "../../src/request/exchange.ts";
import type { HostContext } from "../../src/request/filter.ts";
import { rejectRequest } from "../../src/request/reject-request.ts";
import { type EdgeResponse, errorResponse } from "../../src/request/response.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";

/** A subrequest that the edge would send before it answers. It is assumed to return 200. */
export interface AssumedSubrequest {
  readonly url: string;
  /** The backend that gets it: "namespace/service:port". Undefined for a host outside of the rules. */
  readonly service: string | undefined;
}

type Assume = (subrequest: AssumedSubrequest) => void;

/** The rules to serve from, and the functions that replace the network. */
export interface OfflineEdge {
  /** Returns the rules of a host, with the side of each canary that is explained. */
  readonly findRules: (host: string) => HostRules | undefined;
  readonly decrypt: RequestServices["decrypt"];
  readonly assume: Assume;
}

export interface ServedRequest {
  readonly edgeResponse: EdgeResponse;
  /** The exchange that the edge would forward to an origin. */
  readonly forwardedExchange: Exchange | undefined;
}

/** Serves a request with the filters of the edge, and sends nothing. */
export async function serveOffline(exchange: Exchange, edge: OfflineEdge): Promise<ServedRequest> {
  let forwardedExchange: Exchange | undefined;
  const forward: HostContext["forward"] = async (finalExchange) => {
    if (finalExchange.backend === undefined) return errorResponse(finalExchange, 404, "no-route");
    forwardedExchange ??= finalExchange;
    return { response: new Response(null), outcome: "routed" };
  };
  const serve = (): EdgeResponse | Promise<EdgeResponse> => {
    const rejection = rejectRequest(exchange);
    if (rejection) return rejection;
    const rules = edge.findRules(exchange.host);
    if (!rules) return errorResponse(exchange, 404, "no-route");
    return createHostHandler(rules, () => forward, createOfflineSender(rules, edge.assume))(exchange);
  };
  const edgeResponse = await serve();
  return { edgeResponse, forwardedExchange };
}

/** Returns a sender whose fetches name the backend of their target, because their URL has the client's host. */
function createOfflineSender(rules: HostRules, assume: Assume): HostContext["sendSubrequest"] {
  const send = createSubrequestSender(rules);
  return (exchange, target, init) => {
    const service = target.via === "backend" ? target.backend : undefined;
    const fetch = async (url: string) => {
      assume({ url: formatFetchedUrl(url), service });
      return new Response(null);
    };
    return send({ ...exchange, platform: { ...exchange.platform, fetch } }, target, init);
  };
}

/** Creates services that send no requests, and serve subrequests from the rules. */
export function createOfflineServices(edge: OfflineEdge, depth = 0): RequestServices {
  return {
    env: {} as RequestServices["env"], // no filter in explain reads it
    waitUntil: () => {},
    runInBackground: () => {},
    async serve(exchange) {
      if (depth === MAX_SUBREQUEST_DEPTH) return errorResponse(exchange, 508, "subrequest-loop");
      const platform = createOfflineServices(edge, depth + 1);
      const { edgeResponse, forwardedExchange } = await serveOffline({ ...exchange, platform }, edge);
      if (forwardedExchange) {
        const { scheme, hostHeader, originPath, query, backend } = forwardedExchange;
        edge.assume({ url: formatFetchedUrl(`${scheme}://${hostHeader}${originPath}${query}`), service: backend });
      }
      return edgeResponse;
    },
    async fetch() {
      throw new Error("explain sends no requests");
    },
    decrypt: edge.decrypt,
    cache: { get: async () => undefined, put: async () => {} },
  };
}

/** Returns a URL as fetch sends it: with escaped characters and without dot segments. */
export function formatFetchedUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url;
}
