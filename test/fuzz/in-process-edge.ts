import { createHostHandler } from "../../src/load/host-handler.ts";
import { matchHost } from "../../src/match/match-host.ts";
import { createExchange, type Exchange } from "../../src/request/exchange.ts";
import { rejectRequest } from "../../src/request/reject-request.ts";
import type { EdgeResponse } from "../../src/request/response.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { stubRequestServices } from "../support/worker/sample-exchanges.ts";

/** A request as a client writes it. */
export interface RawRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The answer to a request, and the exchange that was forwarded, if any. */
export interface InProcessAnswer {
  readonly exchange: Exchange;
  readonly answer: EdgeResponse;
  readonly forwarded: Exchange | undefined;
}

/** The edge's code in this process: without load, and with an origin that answers 200. */
export function createInProcessEdge(hosts: readonly HostRules[], zones: readonly string[]) {
  const forwarded: Exchange[] = [];
  const forward = async (exchange: Exchange): Promise<EdgeResponse> => {
    forwarded.push(exchange);
    return { response: new Response("origin", { headers: { Location: "/a" } }), outcome: "routed" };
  };
  const handlers = new Map(hosts.map((rules) => [rules.host, createHostHandler(rules, () => forward)]));
  return async ({ method, host, path, query, headers }: RawRequest): Promise<InProcessAnswer> => {
    forwarded.length = 0;
    const request = new Request("http://edgress.invalid/", { method, headers: buildHeaders(host, headers) });
    const services = stubRequestServices({});
    const exchange = { ...createExchange(request, services, `http://${host}${escapePath(path)}${query}`), zones };
    const handler = matchHost(handlers, exchange.host);
    const answer = rejectRequest(exchange) ?? (await handler?.(exchange));
    const response = answer ?? { response: new Response(null, { status: 404 }), outcome: "no-route" };
    return { exchange, answer: response, forwarded: forwarded[0] };
  };
}

/** Returns the path as Cloudflare passes it to a Worker: other characters than ASCII are escaped. */
function escapePath(path: string): string {
  return path.replace(/[^\x00-\x7f]+/g, (text) => encodeURIComponent(text.toWellFormed()));
}

/** Returns the headers that a runtime accepts. */
export function buildHeaders(host: string, headers: RawRequest["headers"]): Headers {
  const accepted = new Headers();
  for (const [name, value] of [["Host", host] as const, ...headers]) {
    try {
      accepted.append(name, Buffer.from(value, "utf8").toString("latin1"));
    } catch {
      // Not a header value: no request has it.
    }
  }
  return accepted;
}
