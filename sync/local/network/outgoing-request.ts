import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
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

/** By a reset: workerd takes a mere end for a client that has no more to say, and waits on for a silent origin. */
export function abortRequest(outgoingRequest: ClientRequest): void {
  const { socket } = outgoingRequest;
  // Resetting one that is being shut down already leaves its handle open for ever, and Node then spins when it exits.
  const canReset = socket && !socket.writableEnded && !(socket instanceof TLSSocket);
  if (!outgoingRequest.destroyed && canReset) socket.resetAndDestroy();
  outgoingRequest.destroy();
}
