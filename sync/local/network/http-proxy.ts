import type { IncomingMessage, ServerResponse } from "node:http";
import { type Duplex, pipeline, type Readable, type Writable } from "node:stream";
import { abortRequest, openRequest, type ProxyFailure, type ProxyTarget } from "./outgoing-request.ts";
import { parseHeaderPairs, stripHopByHop } from "./raw-headers.ts";

/** Forwards a request and streams its response back. If the client disconnects, the outgoing request is aborted. */
export function proxyRequest(
  request: IncomingMessage,
  response: ServerResponse,
  target: ProxyTarget,
  onFailure: (failure: ProxyFailure) => void,
): void {
  response.on("error", () => undefined); // for example a write after the client disconnected
  const framingHeaders = buildFramingHeaders(request);
  const hasNoBody = framingHeaders.length === 0 || framingHeaders[1] === "0";
  const sendAttempt = (isRetry: boolean) => {
    let isSettled = false;
    const fail = (failure: ProxyFailure) => {
      if (isSettled || response.destroyed) return;
      isSettled = true;
      // The server may close an idle connection at this moment. Without a body, a retry is safe.
      if (failure === "reset" && outgoingRequest.reusedSocket && !isRetry && hasNoBody) sendAttempt(true);
      else onFailure(failure);
    };
    const outgoingRequest = openRequest(request, target, framingHeaders, fail);
    response.once("close", () => abortRequest(outgoingRequest));
    outgoingRequest.once("response", (originResponse) => {
      if (isFinalStatus(originResponse.statusCode)) {
        isSettled = true;
        sendResponse(originResponse, response, target.notFoundPage);
      } else originResponse.destroy(); // "close" follows
    });
    outgoingRequest.once("close", () => {
      request.unpipe(outgoingRequest);
      request.resume();
      fail("reset"); // for example after an upgrade without a request for it
    });
    if (hasNoBody) outgoingRequest.end();
    else request.pipe(outgoingRequest);
  };
  sendAttempt(false);
}

function sendResponse(
  originResponse: IncomingMessage,
  response: ServerResponse,
  notFoundPage: string | undefined,
): void {
  const { statusCode = 502, statusMessage, rawHeaders } = originResponse;
  if (statusCode === 404 && notFoundPage !== undefined) {
    originResponse.resume();
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" }).end(notFoundPage);
    return;
  }
  response.sendDate = false;
  response.writeHead(statusCode, removeControlCharacters(statusMessage), withLengthLast(stripHopByHop(rawHeaders)));
  response.write(NO_BYTES); // sends the head as bytes; flushHeaders() would send it as UTF-8
  pipe([originResponse, response]);
}

/** Pipes bytes to their end. If a stream breaks, all are destroyed. */
function pipe(streams: readonly [Readable, ...Writable[]], onEnd = () => {}): void {
  const isOpen = streams.every((stream) => !stream.destroyed && (stream as Writable).writable !== false);
  if (isOpen) pipeline(streams, onEnd);
  // pipeline() throws if a stream is closed already.
  else for (const stream of streams) stream.destroy();
}

const NO_BYTES = Buffer.alloc(0);

/** After a Content-Length, Node would decode the bytes of Content-Disposition as UTF-8. */
function withLengthLast(rawHeaders: readonly string[]): string[] {
  const isLength = ([name]: [string, string]) => name.toLowerCase() === "content-length";
  return parseHeaderPairs(rawHeaders)
    .toSorted((a, b) => Number(isLength(a)) - Number(isLength(b)))
    .flat();
}

/** Forwards a WebSocket handshake, and then every byte in both directions. */
export function proxyWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: ProxyTarget,
  onFailure: (failure: ProxyFailure) => void,
): void {
  socket.on("error", () => undefined); // "close" follows
  let isSettled = false;
  const fail = (failure: ProxyFailure) => {
    if (!isSettled) onFailure(failure);
    isSettled = true;
  };
  const outgoingRequest = openRequest(request, target, UPGRADE_HEADERS, fail);
  const abort = () => abortRequest(outgoingRequest);
  socket.once("close", abort);
  outgoingRequest.once("upgrade", (response, originSocket, originHead) => {
    isSettled = true;
    socket.off("close", abort); // a reset could drop the last bytes
    socket.write(formatResponseHead(response, UPGRADE_HEADERS));
    socket.write(originHead);
    originSocket.write(head);
    pipe([socket, originSocket, socket], () => {
      socket.destroy();
      originSocket.destroy();
    });
  });
  outgoingRequest.once("response", (response) => {
    if (isFinalStatus(response.statusCode)) {
      isSettled = true;
      socket.write(formatResponseHead(response, ["Connection", "close"]));
      pipe([response, socket]);
    } else response.destroy(); // "close" follows
  });
  outgoingRequest.once("close", () => fail("reset"));
  outgoingRequest.end();
}

const UPGRADE_HEADERS = ["Connection", "Upgrade", "Upgrade", "websocket"];

/** Node reads characters in a status message that it refuses to write. */
function removeControlCharacters(text = ""): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "");
}

/** Node reads any three digits as a status. */
function isFinalStatus(status = 0): boolean {
  return status >= 200;
}

/** Returns the headers that delimit the body. Without them, Node sends a POST without a body as chunked. */
function buildFramingHeaders({ method = "GET", headers }: IncomingMessage): string[] {
  if (headers["transfer-encoding"] !== undefined) return ["Transfer-Encoding", "chunked"];
  const length = headers["content-length"];
  if (length !== undefined) return ["Content-Length", length];
  return ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"].includes(method) ? [] : ["Content-Length", "0"];
}

function formatResponseHead(
  { statusCode, statusMessage, rawHeaders }: IncomingMessage,
  connectionHeaders: readonly string[],
): Buffer {
  const lines = parseHeaderPairs([...stripHopByHop(rawHeaders), ...connectionHeaders]).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.from(
    `HTTP/1.1 ${statusCode} ${removeControlCharacters(statusMessage)}\r\n${lines.join("")}\r\n`,
    "latin1",
  );
}
