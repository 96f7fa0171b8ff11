import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiCall, ApiReply, ErrorReply } from "../api-types.ts";

/** A response as it goes over HTTP. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Returns undefined if the path is not a part of a URL, or has an invalid escape. */
export function parseCall(
  { url = "/", method = "GET", headers }: IncomingMessage,
  body: Buffer,
): Omit<ApiCall, "token"> | undefined {
  if (!URL.canParse(url, "http://account")) return undefined;
  const { pathname, searchParams: query } = new URL(url, "http://account");
  const path = pathname.replace(/^\/client\/v4/, "");
  try {
    const segments = path.split("/").slice(1).map(decodeURIComponent);
    const contentType = headers["content-type"] ?? "";
    return { line: `${method} ${path}`, method, path: segments, query, contentType, headers, body };
  } catch {
    return undefined;
  }
}

/** Builds the envelope of a reply. Values of KV have none. */
export function buildHttpReply(reply: ApiReply): HttpReply {
  const { headers = {} } = reply;
  const json = { "content-type": "application/json", ...headers };
  if ("bytes" in reply)
    return { status: 200, headers: { "content-type": "application/octet-stream", ...headers }, body: reply.bytes };
  if ("status" in reply)
    return { status: reply.status, headers: json, body: JSON.stringify(buildFailureEnvelope(reply)) };
  const { result, resultInfo } = reply;
  const envelope = { success: true, errors: [], messages: [], result, ...(resultInfo && { result_info: resultInfo }) };
  return { status: 200, headers: json, body: JSON.stringify(envelope) };
}

function buildFailureEnvelope({ code, message, errorChain }: ErrorReply): object {
  const error = { code, message, ...(errorChain && { error_chain: errorChain }) };
  return { success: false, errors: [error], messages: [], result: null };
}

export function sendReply(response: ServerResponse, { status, headers, body }: HttpReply): void {
  response.writeHead(status, headers);
  response.end(body);
}
