import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { TLSSocket } from "node:tls";

/** The server that receives a forwarded request, and the request's new path and headers. */
export interface ProxyTarget {
  protocol: "http:" | "https:";
  host: string;
  port: number;
  agent: Agent;
  path: string;
  /** Alternating names and values, as in `rawHeaders`, without hop-by-hop headers and Content-Length. */
  headers: readonly string[];
  /** The server name (SNI) of the TLS handshake. */
  serverName?: string;
  connectTimeoutMs?: number;
  /** Body that replaces the one of a 404. */
  notFoundPage?: string | undefined;
}

/** The reason why no response arrived. */
export type ProxyFailure = "unresolved" | "refused" | "timeout" | "handshake" | "reset";

const MAX_HEADER_BYTES = 128 * 1024; // of a response: https://developers.cloudflare.com/workers/platform/limits/

/** Opens the request to the target. The caller sends the body and ends the request. */
export function openRequest(
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

/** Returns a reader of the connection's stage. Aborts the request if no connection is open after `timeoutMs`. */
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
  return Object.assign(new Error("connection timed out"), { code: "ETIMEDOUT" });
}

function classifyFailure(stage: ConnectionStage, code: string | undefined): ProxyFailure {
  if (stage === "handshake") return "handshake";
  if (stage !== "connect") return "reset";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unresolved";
  return code === "ECONNREFUSED" ? "refused" : "timeout";
}

/** Resets the connection, because workerd treats an orderly end as the end of the client's data and waits for the origin. */
export function abortRequest(outgoingRequest: ClientRequest): void {
  const { socket } = outgoingRequest;
  // A reset during shutdown leaves the handle open forever, and Node then spins when it exits.
  const canReset = socket && !socket.writableEnded && !(socket instanceof TLSSocket);
  if (!outgoingRequest.destroyed && canReset) socket.resetAndDestroy();
  outgoingRequest.destroy();
}
