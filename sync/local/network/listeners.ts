import { Agent, createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type SecureContext } from "node:tls";
import { listen } from "../../net/listen.ts";
import {
  type Certificate,
  type CertificateStore,
  createCertificateStore,
  generateCertificate,
} from "./certificates.ts";
import { buildRequestUrl, buildWorkerHeaders, stripCfObject } from "./cloudflare-request.ts";
import { type EdgeRejection, type EdgeRouting, ROUTE_EVERYTHING } from "./host-routing.ts";
import { proxyRequest, proxyWebSocket } from "./http-proxy.ts";
import type { ProxyTarget } from "./outgoing-request.ts";
import type { RequestGate } from "./request-gate.ts";
import { encodeRequestTargets } from "./request-targets.ts";

/** The local edge's listeners. */
export interface EdgeListeners {
  readonly http: URL;
  readonly https: URL;
  setCertificates(certificatesByHost: ReadonlyMap<string, Certificate>): void;
  /** Sets the body of a 404 for the addresses of this machine, which a browser opens. */
  setLoopbackPage(page: string | undefined): void;
  close(): Promise<void>;
}

export interface EdgeListenersOptions {
  httpPort: number;
  httpsPort: number;
  /** The Worker's socket. It accepts absolute URLs, as a proxy does. */
  worker: URL;
  gate: RequestGate;
  /** Port of the proxy for requests that run no Worker. */
  outboundProxyPort: number;
  /** Every request runs the Worker if not set. */
  routing?: EdgeRouting;
}

const IDLE_TIMEOUT_MS = 2_000; // workerd closes an idle connection after 5 s
const SERVER_OPTIONS = {
  maxHeaderSize: 128 * 1024,
  requestTimeout: 0,
  shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
};

/** Listens on 127.0.0.1 and forwards every request to the Worker as Cloudflare does. */
export async function startEdgeListeners(options: EdgeListenersOptions): Promise<EdgeListeners> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_TIMEOUT_MS, maxFreeSockets: 1024 });
  const certificateStore = createCertificateStore();
  let loopbackPage: string | undefined;
  const createServerFor = (scheme: "http" | "https") =>
    createProxyServer((request) => findTarget(request, scheme, options, agent, loopbackPage), options.gate);
  const httpServer = createServerFor("http");
  const httpsServer = createServerFor("https");
  const tcpServer = createTcpServer({ noDelay: true }, (socket) => passConnection(socket, httpServer));
  const tlsServer = createTlsServer(await createTlsOptions(certificateStore), (socket) =>
    passConnection(socket, httpsServer),
  );
  tlsServer.on("tlsClientError", (_, socket) => socket.destroy());
  const http = await listen(tcpServer, options.httpPort);
  const https = await listen(tlsServer, options.httpsPort).catch(async (error) => {
    await http.close();
    throw error;
  });
  return {
    http: new URL(`http://127.0.0.1:${http.port}`),
    https: new URL(`https://127.0.0.1:${https.port}`),
    setCertificates: (certificatesByHost) => certificateStore.set(certificatesByHost),
    setLoopbackPage: (page) => {
      loopbackPage = page;
    },
    async close() {
      await Promise.all([http.close(), https.close()]);
      agent.destroy();
    },
  };
}

/** Passes a connection to an HTTP server, with encoded request targets. */
function passConnection(socket: Socket, server: Server): void {
  socket.on("error", () => undefined); // "close" follows
  encodeRequestTargets(socket);
  server.emit("connection", socket);
  // Node's parser reads the socket's handle itself, past the encoding, until somebody listens for data.
  const listener = () => undefined;
  socket.on("data", listener).off("data", listener);
}

async function createTlsOptions(certificateStore: CertificateStore) {
  return {
    ...(await generateCertificate("localhost")), // for clients without SNI
    noDelay: true, // as in Node's HTTP servers; else small responses wait 40 ms
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
    SNICallback: (name: string, callback: (error: Error | null, context?: SecureContext) => void) => {
      certificateStore.contextFor(name).then(
        (context) => callback(null, context),
        (error) => callback(error),
      );
    },
  };
}

/** Creates a server without a port: the listeners pass connections to it. */
function createProxyServer(
  findTarget: (request: IncomingMessage) => ProxyTarget | EdgeRejection,
  gate: RequestGate,
): Server {
  const server = createServer(SERVER_OPTIONS);
  server.on("request", (request, response) => {
    gate.enter((leave) => {
      response.on("close", leave);
      const target = findTarget(request);
      if ("status" in target) response.writeHead(target.status, { Connection: "close" }).end(target.body);
      else proxyRequest(request, response, target, () => response.writeHead(502).end("the Worker does not answer\n"));
    });
  });
  server.on("upgrade", (request, socket, head) => {
    const target = findTarget(request);
    if ("status" in target) sendStatus(socket, `${target.status} ${STATUS_CODES[target.status]}`);
    else proxyWebSocket(request, socket, head, target, () => sendStatus(socket, "502 Bad Gateway"));
  });
  server.on("connect", (_, socket) => sendStatus(socket, "400 Bad Request"));
  return server;
}

function sendStatus(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

const LOOPBACK_URL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/i;

function findTarget(
  request: IncomingMessage,
  scheme: "http" | "https",
  { worker, outboundProxyPort, routing = ROUTE_EVERYTHING }: EdgeListenersOptions,
  agent: Agent,
  loopbackPage: string | undefined,
): ProxyTarget | EdgeRejection {
  const url = buildRequestUrl(request, scheme);
  if (url === undefined) return { status: 400, body: "Bad Request\n" };
  const edgeTarget = routing(url);
  if (typeof edgeTarget === "object") return edgeTarget;
  const headers = buildWorkerHeaders(request, scheme, url);
  return {
    protocol: "http:",
    agent,
    path: url,
    notFoundPage: LOOPBACK_URL.test(url) ? loopbackPage : undefined,
    ...(edgeTarget === "worker"
      ? { host: worker.hostname, port: Number(worker.port), headers }
      : { host: "127.0.0.1", port: outboundProxyPort, headers: stripCfObject(headers) }),
  };
}
