import type { HttpMethod } from "@kubernetes/client-node";
import type { Connections, Dispatcher } from "./connections.ts";
import { createApiError, parseJson, ResponseTooLargeError } from "./errors.ts";

/** The name of edgress in `managedFields` and in the audit log. */
const USER_AGENT = "edgress";

const JSON_TYPE = "application/json";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubernetesRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: object | undefined;
  readonly contentType?: string;
  readonly accept?: string;
}

/** A response body, as chunks of bytes or as one text. */
export type ResponseStream = Awaited<ReturnType<Dispatcher["request"]>>["body"];

/**
 * Sends a request and resolves with the body after the headers arrive. Aborting `signal` also ends the body. Rejects with
 * an `ApiError` for an error response, or with the connection's error. If the abort reason is `SERVER_TIMEOUT`, no further
 * request uses the connection, because it may be half open.
 */
export async function sendKubernetesRequest(
  connections: Connections,
  request: KubernetesRequest,
  signal: AbortSignal,
): Promise<ResponseStream> {
  const { dispatcher, headers, server } = await connections.getConnection();
  signal.addEventListener("abort", () => signal.reason === SERVER_TIMEOUT && connections.abandon(dispatcher));
  // Not `fetch`: it takes two to three times as long, and sends credentials to redirect targets.
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
  const status = parseJson(await readResponseText(body, MAX_STATUS_BYTES).catch(ignoreTooLarge));
  throw createApiError(statusCode, status, responseHeaders["retry-after"]?.toString());
}

function ignoreTooLarge(error: unknown): string {
  if (error instanceof ResponseTooLargeError) return "";
  throw error;
}

/** A Status object is a few KiB. */
const MAX_STATUS_BYTES = 1024 * 1024;

/** Reads a whole body. Rejects with a `ResponseTooLargeError` above `maxBytes`, and reads no more of it. */
export async function readResponseText(body: ResponseStream, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new ResponseTooLargeError(`the response is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Abort reason of a request without a response. */
export const SERVER_TIMEOUT = new Error("no response from the API server");

/** The server URL may have a path, for example behind a proxy for several clusters. */
function buildRequestPath({ pathname }: URL, { path, query = {} }: KubernetesRequest): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  const search = parameters.length === 0 ? "" : `?${new URLSearchParams(parameters)}`;
  return `${pathname.replace(/\/$/, "")}${path}${search}`;
}

function buildRequestHeaders({ body, contentType = JSON_TYPE, accept = JSON_TYPE }: KubernetesRequest) {
  const type = body === undefined ? {} : { "content-type": contentType };
  return { accept, "user-agent": USER_AGENT, ...type };
}
