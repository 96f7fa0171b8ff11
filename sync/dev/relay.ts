import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from "node:http";
import { request as requestHttps } from "node:https";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { TLSSocket } from "node:tls";

/** Where a request goes on to, and what of it is said anew there. */
export interface Onward {
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
export type Failure = "unresolved" | "refused" | "timeout" | "handshake" | "reset";

const HEADER_BYTES = 256 * 1024;
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/** Sends the request on and its answer back, both streamed. A client that goes away ends the request onward. */
export function relay(
  request: IncomingMessage,
  response: ServerResponse,
  onward: Onward,
  failed: (failure: Failure) => void,
): void {
  const framing = framingOf(request);
  const bodyless = framing.length === 0 || framing[1] === "0";
  const attempt = (again: boolean) => {
    let answered = false;
    const outgoing = start(request, onward, framing, (failure) => {
      if (answered || response.destroyed) return;
      // A kept connection may be closed just as it is used; with no body sent, asking again is safe.
      if (failure === "reset" && outgoing.reusedSocket && !again && bodyless) attempt(true);
      else failed(failure);
    });
    response.once("close", () => end(outgoing));
    outgoing.once("response", (answer) => {
      answered = true;
      response.sendDate = false;
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
      response.flushHeaders();
      pipeline(answer, response, () => undefined);
    });
    outgoing.once("close", () => {
      request.unpipe(outgoing);
      request.resume();
    });
    if (bodyless) outgoing.end();
    else request.pipe(outgoing);
  };
  attempt(false);
}

/** Sends a WebSocket's opening on and, once it is accepted, every byte both ways. */
export function tunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onward: Onward,
  failed: (failure: Failure) => void,
): void {
  const outgoing = start(request, onward, ["Connection", "Upgrade", "Upgrade", "websocket"], failed);
  const abandon = () => end(outgoing);
  socket.on("error", () => undefined); // "close" follows
  socket.once("close", abandon);
  outgoing.once("upgrade", (answer, far, farHead) => {
    socket.off("close", abandon); // a reset could overtake the last bytes
    socket.write(headOf(answer, ["Connection", "Upgrade", "Upgrade", "websocket"]));
    socket.write(farHead);
    far.write(head);
    pipeline(socket, far, socket, () => {
      socket.destroy();
      far.destroy();
    });
  });
  outgoing.once("response", (answer) => {
    socket.write(headOf(answer, ["Connection", "close"]));
    pipeline(answer, socket, () => undefined);
  });
  outgoing.end();
}

/** Headers without those that speak of one connection only, the ones that Connection names among them. */
export function endToEnd(rawHeaders: readonly string[], without: (name: string) => boolean = () => false): string[] {
  const pairs = pairsOf(rawHeaders);
  const named = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(",").map((token) => token.trim().toLowerCase()));
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase()) && !without(name.toLowerCase())).flat();
}

/** Raw headers as pairs. */
export function pairsOf(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ""] as [string, string]] : []));
}

/** How the body is delimited onward. Without this Node would announce a chunked body for a POST that has none. */
function framingOf({ method = "GET", headers }: IncomingMessage): string[] {
  if (headers["transfer-encoding"] !== undefined) return ["Transfer-Encoding", "chunked"];
  const length = headers["content-length"];
  if (length !== undefined) return ["Content-Length", length];
  return ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"].includes(method) ? [] : ["Content-Length", "0"];
}

function start(
  request: IncomingMessage,
  onward: Onward,
  extra: readonly string[],
  failed: (failure: Failure) => void,
): ClientRequest {
  const { protocol, host, port, agent, path, headers, serverName, connectTimeoutMs } = onward;
  const outgoing = (protocol === "https:" ? requestHttps : requestHttp)({
    host,
    port,
    agent,
    path,
    method: request.method,
    headers: [...headers, ...extra],
    maxHeaderSize: HEADER_BYTES,
    ...(protocol === "https:" && { servername: serverName ?? "", rejectUnauthorized: false }),
  });
  const stageOf = watched(outgoing, protocol === "https:", connectTimeoutMs);
  outgoing.on("error", (error: NodeJS.ErrnoException) => failed(failureOf(stageOf(), error.code)));
  return outgoing;
}

type Stage = "connect" | "handshake" | "open";

/** How far a request has come; it is ended when there is no connection in time. */
function watched(outgoing: ClientRequest, secure: boolean, timeoutMs: number | undefined): () => Stage {
  let stage: Stage = "connect";
  outgoing.once("socket", (socket) => {
    if (outgoing.reusedSocket) {
      stage = "open";
      return;
    }
    const timer = timeoutMs && setTimeout(() => outgoing.destroy(timedOut()), timeoutMs);
    const reached = (next: Stage) => {
      stage = next;
      if (stage === "open") clearTimeout(timer || undefined);
    };
    socket.once("connect", () => reached(secure ? "handshake" : "open"));
    socket.once("secureConnect", () => reached("open"));
    socket.once("close", () => clearTimeout(timer || undefined));
  });
  return () => stage;
}

function timedOut(): NodeJS.ErrnoException {
  return Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" });
}

function failureOf(stage: Stage, code: string | undefined): Failure {
  if (stage === "handshake") return "handshake";
  if (stage !== "connect") return "reset";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unresolved";
  return code === "ECONNREFUSED" ? "refused" : "timeout";
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage, connection: readonly string[]): Buffer {
  const lines = pairsOf([...endToEnd(rawHeaders), ...connection]).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join("")}\r\n`, "latin1");
}

/** By a reset: workerd takes a mere end for a client that has no more to say, and waits on for a silent origin. */
function end(outgoing: ClientRequest): void {
  const { socket } = outgoing;
  // Resetting one that is being shut down already leaves its handle open for ever, and Node then spins when it exits.
  const canReset = socket && !socket.writableEnded && !(socket instanceof TLSSocket);
  if (!outgoing.destroyed && canReset) socket.resetAndDestroy();
  outgoing.destroy();
}
