import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** A request as a query origin received it. */
export interface QueryOriginRequest {
  readonly name: string;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Returns handlers that respond as the query sets it: `location`, `refresh`, several `cookie`, `body`, and a status. */
export function createQueryOrigin() {
  const requests: QueryOriginRequest[] = [];
  const respondAs =
    (name: string, statusParameter: "status" | "page") =>
    async (request: IncomingMessage, response: ServerResponse) => {
      const { method, url, headers } = request;
      requests.push({ name, method, url, headers, body: await text(request) });
      const query = new URL(url ?? "/", "http://origin").searchParams;
      response.setHeader("X-Origin", name);
      setHeaders(response, query);
      const body = statusParameter === "status" ? query.get("body") : undefined;
      response.writeHead(Number(query.get(statusParameter) ?? 200)).end(body ?? name);
    };
  return { requests, respondAs };
}

function setHeaders(response: ServerResponse, query: URLSearchParams): void {
  response.setHeader("Set-Cookie", query.getAll("cookie"));
  for (const header of ["location", "refresh"]) {
    const value = query.get(header);
    if (value !== null) response.setHeader(header, value);
  }
}
