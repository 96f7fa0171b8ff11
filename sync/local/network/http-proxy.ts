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

/** Where a request goes on to, and what of it is said anew there. */
export interface ProxyTarget {
  protocol: "http:" | "https:";
  host: string;
  port: number;
  agent: Agent;
  path: string;
  /** Names and values in turn, as in `rawHeaders`, without hop-by-hop headers and Content-Length. */
  headers: readonly string[];
  /** The name asked for in a TLS handshake. */
  serverName?: string;
  connectTimeoutMs?: number;
}

/** Why no answer came. */
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

/** Sends the request on and its answer back, both streamed. A client that goes away ends the request onward. */
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
      // A kept connection may be closed just as it is used; with no body sent, asking again is safe.
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

/** Sends a WebSocket's opening on and, once it is accepted, every byte both ways. */
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

/** Headers without those that speak of one connection only, the ones that Connection names among them. */
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

/** Raw headers as pairs. */
export function parseHeaderPairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""] as [string, string]] : []));
}

/** How the body is delimited onward. Without this Node would announce a chunked body for a POST that has none. */
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

/** How far a request has come; it is ended when there is no connection in time. */
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

/** By a reset: workerd takes a mere end for a client that has no more to say, and waits on for a silent origin. */
function abortRequest(outgoingRequest: ClientRequest): void {
  const { socket } = outgoingRequest;
  // Resetting one that is being shut down already leaves its handle open for ever, and Node then spins when it exits.
  const canReset = socket && !socket.writableEnded && !(socket instanceof TLSSocket);
  if (!outgoingRequest.destroyed && canReset) socket.resetAndDestroy();
  outgoingRequest.destroy();
}
