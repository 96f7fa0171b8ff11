import type { IncomingMessage, ServerResponse } from "node:http";
import { type Duplex, pipeline } from "node:stream";
import { abortRequest, openRequest, type ProxyFailure, type ProxyTarget } from "./outgoing-request.ts";
import { parseHeaderPairs, stripHopByHop } from "./raw-headers.ts";

/** Forwards a request and streams its response back. If the client disconnects, the outgoing request is aborted. */
export function proxyRequest(
  request: IncomingMessage,
  response: ServerResponse,
  target: ProxyTarget,
  onFailure: (failure: ProxyFailure) => void,
): void {
  const framingHeaders = buildFramingHeaders(request);
  const hasNoBody = framingHeaders.length === 0 || framingHeaders[1] === "0";
  const sendAttempt = (isRetry: boolean) => {
    let hasResponse = false;
    const outgoingRequest = openRequest(request, target, framingHeaders, (failure) => {
      if (hasResponse || response.destroyed) return;
      // The server may close an idle connection at this moment. Without a body, a retry is safe.
      if (failure === "reset" && outgoingRequest.reusedSocket && !isRetry && hasNoBody) sendAttempt(true);
      else onFailure(failure);
    });
    response.once("close", () => abortRequest(outgoingRequest));
    outgoingRequest.once("response", (originResponse) => {
      hasResponse = true;
      if (!isValidStatus(originResponse.statusCode)) {
        originResponse.destroy();
        onFailure("reset");
        return;
      }
      response.sendDate = false;
      response.writeHead(
        originResponse.statusCode ?? 502,
        toStatusMessage(originResponse.statusMessage),
        stripHopByHop(originResponse.rawHeaders),
      );
      response.flushHeaders();
      pipeline(originResponse, response, () => undefined);
    });
    outgoingRequest.once("close", () => {
      request.unpipe(outgoingRequest);
      request.resume();
    });
    if (hasNoBody) outgoingRequest.end();
    else request.pipe(outgoingRequest);
  };
  sendAttempt(false);
}

/** Forwards a WebSocket handshake, and then every byte in both directions. */
export function proxyWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: ProxyTarget,
  onFailure: (failure: ProxyFailure) => void,
): void {
  const outgoingRequest = openRequest(request, target, ["Connection", "Upgrade", "Upgrade", "websocket"], onFailure);
  const abort = () => abortRequest(outgoingRequest);
  socket.on("error", () => undefined); // "close" follows
  socket.once("close", abort);
  outgoingRequest.once("upgrade", (response, originSocket, originHead) => {
    socket.off("close", abort); // a reset could drop the last bytes
    socket.write(formatResponseHead(response, ["Connection", "Upgrade", "Upgrade", "websocket"]));
    socket.write(originHead);
    originSocket.write(head);
    pipeline(socket, originSocket, socket, () => {
      socket.destroy();
      originSocket.destroy();
    });
  });
  outgoingRequest.once("response", (response) => {
    socket.write(formatResponseHead(response, ["Connection", "close"]));
    pipeline(response, socket, () => undefined);
  });
  outgoingRequest.end();
}

/** Node reads characters in a status message that it refuses to write. */
function toStatusMessage(text = ""): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "");
}

/** Node reads any three digits as a status, but writes 100 to 999 only. */
function isValidStatus(status: number | undefined): boolean {
  return status !== undefined && status >= 100 && status <= 999;
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
  return Buffer.from(`HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join("")}\r\n`, "latin1");
}
