import type { HttpMethod } from "@kubernetes/client-node";
import type { Connections, Dispatcher } from "./connections.ts";
import { createApiError, parseJson } from "./errors.ts";

/** As whom the API server knows us in `managedFields` and in its audit log. */
const USER_AGENT = "edgress";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubernetesRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: object | undefined;
  readonly contentType?: string;
}

/** A body as it comes: bytes in chunks, or all of them as text. */
export type ResponseStream = Awaited<ReturnType<Dispatcher["request"]>>["body"];

/**
 * Sends a request and resolves with the body when its head is back; `signal` ends it at any time, its body too. Rejects with
 * an ApiError where the API server says no, with what the connection says where it can't be reached. What is aborted as
 * `silent` gives up its connection: no other request is sent on one that may be half open.
 */
export async function sendKubernetesRequest(
  connections: Connections,
  request: KubernetesRequest,
  signal: AbortSignal,
): Promise<ResponseStream> {
  const { dispatcher, headers, server } = await connections.getConnection();
  signal.addEventListener("abort", () => signal.reason === SERVER_TIMEOUT && connections.abandon(dispatcher));
  // Not by fetch: it costs two or three times as much, and follows redirects with our credentials.
  const {
    statusCode,
    headers: responseHeaders,
    body,
  } = await dispatcher.request({
    origin: server.origin,
    path: buildRequestPath(server, request),
    method: request.method,
    headers: { ...headers, ...buildRequestHeaders(request) },
    body: request.body === undefined ? null : JSON.stringify(request.body),
    signal,
  });
  if (statusCode === 401) connections.invalidate();
  if (statusCode >= 200 && statusCode < 300) return body;
  throw createApiError(statusCode, parseJson(await body.text()), responseHeaders["retry-after"]?.toString());
}

/** Why a request is aborted that got no answer. */
export const SERVER_TIMEOUT = new Error("the API server is silent");

/** An API server may lie below a path of its own, where a proxy leads to many. */
function buildRequestPath({ pathname }: URL, { path, query = {} }: KubernetesRequest): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  const search = parameters.length === 0 ? "" : `?${new URLSearchParams(parameters)}`;
  return `${pathname.replace(/\/$/, "")}${path}${search}`;
}

function buildRequestHeaders({ body, contentType = "application/json" }: KubernetesRequest): Record<string, string> {
  const type = body === undefined ? {} : { "content-type": contentType };
  return { accept: "application/json", "user-agent": USER_AGENT, ...type };
}
