import { createServer, Agent as HttpAgent, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { BlockList, isIP } from "node:net";
import { listen } from "../../net/listen.ts";
import { proxyRequest, proxyWebSocket } from "./http-proxy.ts";
import type { ProxyFailure, ProxyTarget } from "./outgoing-request.ts";
import { stripHopByHop } from "./raw-headers.ts";
import { type DnsResolution, type DnsZones, resolveOrigin } from "./resolve-override.ts";

/** The proxy that receives every fetch of the Worker. */
export interface OutboundProxy {
  readonly port: number;
  /** Forwards requests for `address` ("203.0.113.10:80") to `targetAddress` ("127.0.0.1:41234"). */
  forward(address: string, targetAddress: string): void;
  /** Forwards requests for every other address to `targetAddress`. */
  forwardOthers(targetAddress: string): void;
  close(): Promise<void>;
}

export interface OutboundProxyOptions {
  dnsZones: DnsZones;
  /** Returns 522 for every address that is neither forwarded nor loopback, without a connection. */
  loopbackOnly?: boolean;
  connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 19_000; // Cloudflare's limit: https://developers.cloudflare.com/fundamentals/reference/connection-limits/
const IDLE_TIMEOUT_MS = 4_000; // many servers close an idle connection after 5 s

const ERROR_BY_FAILURE: Record<ProxyFailure, CloudflareError> = {
  unresolved: { status: 530, error: 1016 },
  refused: { status: 521, error: 521 },
  timeout: { status: 522, error: 522 },
  handshake: { status: 525, error: 525 },
  reset: { status: 520, error: 520 },
};

type CloudflareError = Extract<DnsResolution, { error: number }>;

/** Starts the proxy on a free port of 127.0.0.1. Requests have absolute URLs, and the fetch's `cf` object in X-Cf-Blob. */
export async function startOutboundProxy(options: OutboundProxyOptions): Promise<OutboundProxy> {
  const forwards: Forwards = { targets: new Map(), otherTarget: undefined };
  const agentOptions = { keepAlive: true, timeout: IDLE_TIMEOUT_MS };
  const agents = { "http:": new HttpAgent(agentOptions), "https:": new HttpsAgent(agentOptions) };
  const routeOrReject = (request: IncomingMessage) => {
    try {
      return routeRequest(request, options, forwards, agents);
    } catch {
      return { status: 400, error: 400 }; // not from the Worker: it sends absolute URLs and JSON
    }
  };

  const { port, close } = await listen(createOutboundServer(routeOrReject), 0);
  return {
    port,
    forward: (address, targetAddress) => forwards.targets.set(address, targetAddress),
    forwardOthers: (targetAddress) => {
      forwards.otherTarget = targetAddress;
    },
    async close() {
      for (const agent of Object.values(agents)) agent.destroy();
      await close();
    },
  };
}

interface Forwards {
  readonly targets: Map<string, string>;
  otherTarget: string | undefined;
}

function createOutboundServer(routeOrReject: (request: IncomingMessage) => ProxyTarget | CloudflareError): Server {
  const server = createServer({
    maxHeaderSize: 256 * 1024,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 60_000, // workerd closes first
    requireHostHeader: false,
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  });
  server.on("request", (request, response) => {
    response.removeHeader("Connection"); // else Node's own Connection and Keep-Alive reach the Worker
    const target = routeOrReject(request);
    if ("error" in target) sendErrorCode(response, target);
    else proxyRequest(request, response, target, (failure) => sendErrorCode(response, ERROR_BY_FAILURE[failure]));
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined); // "close" follows
    const target = routeOrReject(request);
    if ("error" in target) socket.end(formatErrorResponse(target));
    else
      proxyWebSocket(request, socket, head, target, (failure) =>
        socket.end(formatErrorResponse(ERROR_BY_FAILURE[failure])),
      );
  });
  return server;
}

function routeRequest(
  request: IncomingMessage,
  { dnsZones, loopbackOnly = false, connectTimeoutMs = CONNECT_TIMEOUT_MS }: OutboundProxyOptions,
  { targets, otherTarget }: Forwards,
  agents: Record<"http:" | "https:", HttpAgent>,
): ProxyTarget | CloudflareError {
  const target = request.url ?? "";
  const url = new URL(target);
  const resolved = resolveOrigin(url, parseResolveOverride(request), dnsZones);
  if ("error" in resolved) return resolved;
  const { address, port } = resolved;
  const forwardAddress =
    targets.get(isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`) ?? otherTarget;
  if (!forwardAddress && (isDiscarded(address) || (loopbackOnly && !isLoopback(address))))
    return ERROR_BY_FAILURE.timeout;
  const [, host = address, targetPort = String(port)] = forwardAddress?.match(/^\[?(.*?)\]?:(\d+)$/) ?? [];
  const protocol = url.protocol === "https:" ? "https:" : "http:";
  return {
    protocol,
    host,
    port: Number(targetPort),
    agent: agents[protocol],
    path: extractPath(target),
    // A Worker cannot set Host: the URL's host is sent.
    headers: ["Host", url.host, ...stripHopByHop(request.rawHeaders, isReplacedHeader)],
    serverName: url.hostname,
    connectTimeoutMs,
  };
}

function isReplacedHeader(name: string): boolean {
  return ["host", "x-cf-blob", "content-length", "expect"].includes(name);
}

function parseResolveOverride({ headers }: IncomingMessage): string | undefined {
  const { resolveOverride } = JSON.parse(String(headers["x-cf-blob"] ?? "{}")) as { resolveOverride?: unknown };
  return typeof resolveOverride === "string" ? resolveOverride : undefined;
}

/** Reads the path from the text, because URL parsing would change it. */
function extractPath(target: string): string {
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  return path.startsWith("/") ? path : `/${path}`;
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return address === "localhost";
  return LOOPBACK.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Routers discard packets for 100::/64, the address of records without an origin. */
function isDiscarded(address: string): boolean {
  return address.startsWith("100::");
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

function sendErrorCode(response: ServerResponse, { status, error }: CloudflareError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "text/plain; charset=UTF-8", server: "cloudflare" });
  response.end(`error code: ${error}`);
}

function formatErrorResponse({ status, error }: CloudflareError): string {
  const body = `error code: ${error}`;
  return `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
