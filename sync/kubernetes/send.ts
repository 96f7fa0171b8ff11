import {
  type HttpMethod,
  IsomorphicFetchHttpLibrary,
  RequestContext,
  type ResponseContext,
} from "@kubernetes/client-node";
import type { Connections } from "./connections.ts";
import { apiErrorOf, parseJson } from "./errors.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Request {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: object | undefined;
  readonly contentType?: string;
}

const http = new IsomorphicFetchHttpLibrary();

/**
 * Sends a request and answers when its head is back; `signal` ends it at any time, its body too. Rejects with an ApiError
 * where the API server says no, with what fetch says where it can't be reached. What is aborted as `silent` gives up its
 * connection: no other request is sent on one that may be half open.
 */
export async function send(connections: Connections, request: Request, signal: AbortSignal): Promise<ResponseContext> {
  const context = contextOf(connections, request);
  context.setSignal(signal);
  await connections.applySecurityAuthentication(context);
  signal.addEventListener("abort", () => signal.reason === SILENT && connections.giveUp(context.getDispatcher()));
  const response = await http.send(context).toPromise();
  if (response.httpStatusCode === 401) connections.renew();
  if (response.httpStatusCode >= 200 && response.httpStatusCode < 300) return response;
  const body = parseJson(await response.body.text());
  throw apiErrorOf(response.httpStatusCode, body, response.headers["retry-after"]);
}

/** Why a request is aborted that got no answer. */
export const SILENT = new Error("the API server is silent");

function contextOf(connections: Connections, { method, path, query = {}, body, contentType }: Request): RequestContext {
  const server = connections.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("the kubeconfig names no cluster");
  if (!URL.canParse(server)) throw new Error(`the kubeconfig's server is not a URL: "${server}"`);
  const context = new RequestContext(`${server.replace(/\/$/, "")}${path}`, method);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) context.setQueryParam(name, String(value));
  }
  context.setHeaderParam("Accept", "application/json");
  if (body !== undefined) {
    context.setHeaderParam("Content-Type", contentType ?? "application/json");
    context.setBody(JSON.stringify(body));
  }
  return context;
}
