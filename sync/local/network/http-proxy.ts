import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from "node:http";
import { request as requestHttps } from "node:https";
import { type Duplex, pipeline } from "node:stream";
import { TLSSocket } from "node:tls";

/** The destination of a request, and the headers to replace. */
export interface ProxyTarget {
  protocol: "http:" | "https:";
  host: string;
  port: number;
  agent: Agent;
  path: string;
  /** Alternating names and values, as in `rawHeaders`, without hop-by-hop headers and Content-Length. */
  headers: readonly string[];
  /** The server name in the TLS handshake. */
  serverName?: string;
  connectTimeoutMs?: number;
}

/** Why there is no response. */
export type ProxyFailure = "unresolved" | "refused" | "timeout" | "handshake" | "reset";

const MAX_HEADER_BYTES = 256 * 1024;
const HOP_BY_HOP_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Forwards a request and streams its response. If the client disconnects, the forwarded request is aborted. */
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
      // The origin may close a reused connection at the same time. Without a body sent, a retry is safe.
      if (failure === "reset" && outgoingRequest.reusedSocket && !isRetry && hasNoBody) sendAttempt(true);
      else onFailure(failure);
    });
    response.once("close", () => abortRequest(outgoingRequest));
    outgoingRequest.once("response", (originResponse) => {
      hasResponse = true;
      response.sendDate = false;
      response.writeHead(
        originResponse.statusCode ?? 502,
        originResponse.statusMessage,
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

/** Forwards a WebSocket upgrade and, when it is accepted, every byte in both directions. */
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
    socket.off("close", abort); // a reset could overtake the last bytes
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

/** Returns the headers without hop-by-hop headers, including those that Connection names. */
export function stripHopByHop(
  rawHeaders: readonly string[],
  isExcluded: (name: string) => boolean = () => false,
): string[] {
  const pairs = parseHeaderPairs(rawHeaders);
  const connectionNames = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(",").map((token) => token.trim().toLowerCase()));
  const droppedNames = new Set([...HOP_BY_HOP_HEADERS, ...connectionNames]);
  return pairs.filter(([name]) => !droppedNames.has(name.toLowerCase()) && !isExcluded(name.toLowerCase())).flat();
}

/** Returns raw headers as pairs. */
export function parseHeaderPairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""] as [string, string]] : []));
}

/**
 * Returns the headers that delimit the forwarded body. Without them, Node sends a chunked body for a POST without a
 * body.
 */
function buildFramingHeaders({ method = "GET", headers }: IncomingMessage): string[] {
  if (headers["transfer-encoding"] !== undefined) return ["Transfer-Encoding", "chunked"];
  const length = headers["content-length"];
  if (length !== undefined) return ["Content-Length", length];
  return ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"].includes(method) ? [] : ["Content-Length", "0"];
}

function openRequest(
  request: IncomingMessage,
  target: ProxyTarget,
  extraHeaders: readonly string[],
  onFailure: (failure: ProxyFailure) => void,
): ClientRequest {
  const { protocol, host, port, agent, path, headers, serverName, connectTimeoutMs } = target;
  const outgoingRequest = (protocol === "https:" ? requestHttps : requestHttp)({
    host,
    port,
    agent,
    path,
    method: request.method,
    headers: [...headers, ...extraHeaders],
    maxHeaderSize: MAX_HEADER_BYTES,
    ...(protocol === "https:" && { servername: serverName ?? "", rejectUnauthorized: false }),
  });
  const currentStage = trackConnection(outgoingRequest, protocol === "https:", connectTimeoutMs);
  outgoingRequest.on("error", (error: NodeJS.ErrnoException) => onFailure(classifyFailure(currentStage(), error.code)));
  return outgoingRequest;
}

type ConnectionStage = "connect" | "handshake" | "open";

/** Tracks the connection of a request, and aborts the request if it does not connect in time. */
function trackConnection(
  outgoingRequest: ClientRequest,
  isTls: boolean,
  timeoutMs: number | undefined,
): () => ConnectionStage {
  let stage: ConnectionStage = "connect";
  outgoingRequest.once("socket", (socket) => {
    if (outgoingRequest.reusedSocket) {
      stage = "open";
      return;
    }
    const timer = timeoutMs && setTimeout(() => outgoingRequest.destroy(createTimeoutError()), timeoutMs);
    const advance = (nextStage: ConnectionStage) => {
      stage = nextStage;
      if (stage === "open") clearTimeout(timer || undefined);
    };
    socket.once("connect", () => advance(isTls ? "handshake" : "open"));
    socket.once("secureConnect", () => advance("open"));
    socket.once("close", () => clearTimeout(timer || undefined));
  });
  return () => stage;
}

function createTimeoutError(): NodeJS.ErrnoException {
  return Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" });
}

function classifyFailure(stage: ConnectionStage, code: string | undefined): ProxyFailure {
  if (stage === "handshake") return "handshake";
  if (stage !== "connect") return "reset";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unresolved";
  return code === "ECONNREFUSED" ? "refused" : "timeout";
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

/** Resets the connection. If it only ended, workerd would wait for a silent origin. */
function abortRequest(outgoingRequest: ClientRequest): void {
  const { socket } = outgoingRequest;
  // A reset of a connection that is shutting down leaks its handle, and Node then spins at exit.
  const canReset = socket && !socket.writableEnded && !(socket instanceof TLSSocket);
  if (!outgoingRequest.destroyed && canReset) socket.resetAndDestroy();
  outgoingRequest.destroy();
}
