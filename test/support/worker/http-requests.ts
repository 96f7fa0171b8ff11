import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import type { LocalCloudflare } from "../../../sync/local/local-cloudflare.ts";

/** An edge that listens on this machine. */
export interface ListeningEdge {
  readonly stack: Pick<LocalCloudflare, "http" | "https">;
}

export interface RequestOptions {
  readonly method?: string;
  /** Pairs can repeat a name in several spellings. */
  readonly headers?: Readonly<Record<string, string | string[]>> | readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
  /** The client's certificate, for https. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  /** The bytes as UTF-8. */
  readonly body: string;
}

/** Sends a request to the edge and reads the response to its end. Rejects if the response is incomplete. */
export async function sendRequest(
  edge: ListeningEdge,
  url: string,
  options: RequestOptions = {},
): Promise<ReceivedResponse> {
  const response = await startRequest(edge, url, options);
  const { statusCode: status = 0, headers, rawHeaders } = response;
  const bytes = await buffer(response);
  return { status, headers, rawHeaders, bytes, body: bytes.toString() };
}

/** Sends a request to the edge and resolves when the response begins. `writeBody` can send the body in parts. */
export function startRequest(
  { stack }: ListeningEdge,
  url: string,
  { method = "GET", headers = {}, body, certificate }: RequestOptions = {},
  writeBody: (request: ReturnType<typeof requestHttp>) => void = (request) => request.end(body),
): Promise<IncomingMessage> {
  // No URL object, because it would change the path's spelling.
  const [, scheme, host = "", path = ""] = /^(https?):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
  const options = { host: "127.0.0.1", method, path: path || "/", headers: withHost(headers, host), agent: false };
  return new Promise((resolve, reject) => {
    const request =
      scheme === "https"
        ? requestHttps({ ...options, ...certificate, port: stack.https.port, rejectUnauthorized: false })
        : requestHttp({ ...options, port: stack.http.port });
    request.on("response", resolve).on("error", reject);
    writeBody(request);
  });
}

function withHost(headers: NonNullable<RequestOptions["headers"]>, host: string) {
  return isPairs(headers) ? ["Host", host, ...headers.flat()] : { Host: host, ...headers };
}

function isPairs(
  headers: NonNullable<RequestOptions["headers"]>,
): headers is readonly (readonly [name: string, value: string])[] {
  return Array.isArray(headers);
}

/** Writes bytes to the edge unchanged, and reads until the connection ends. */
export async function sendRaw({ stack }: ListeningEdge, bytes: string): Promise<string> {
  const socket = connect(Number(stack.http.port), "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(Buffer.from(bytes, "latin1"));
  return await text(socket);
}

/** Returns the values of a header in their spelling. */
export function findHeaderValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
