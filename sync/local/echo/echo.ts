import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";
import { listen } from "../../net/listen.ts";
import { type Certificate, generateCertificate } from "../network/certificates.ts";

/** An origin that returns the request. `address` is its own address: "127.0.0.1:41234". */
export interface EchoServer {
  readonly backend: string;
  readonly address: string;
  close(): Promise<void>;
}

const MAX_BODY_CHARACTERS = 2000;
const TLS_HANDSHAKE = 0x16;

/** Starts an origin for each backend ("namespace/service:port") on a free port of 127.0.0.1. */
export async function startEchoServers(backends: readonly string[]): Promise<EchoServer[]> {
  const certificate = await generateCertificate("echo-origin");
  return Promise.all(backends.map((backend) => startEchoServer(backend, certificate)));
}

/** Starts an origin for HTTP and TLS on one port: the first byte of a connection decides. */
async function startEchoServer(backend: string, certificate: Certificate): Promise<EchoServer> {
  const httpServer = createServer((request, response) => sendEcho(backend, request, response));
  const tlsServer = createTlsServer(certificate, (request, response) => sendEcho(backend, request, response));
  for (const server of [httpServer, tlsServer]) acceptWebSockets(server);
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined); // "close" follows
    socket.once("data", (bytes: Buffer) => {
      socket.pause();
      socket.unshift(bytes);
      if (bytes[0] === TLS_HANDSHAKE) tlsServer.emit("connection", socket);
      else httpServer.emit("connection", socket.resume());
    });
  });
  const { port, close } = await listen(server, 0);
  return { backend, address: `127.0.0.1:${port}`, close };
}

function acceptWebSockets(server: Pick<Server, "on">): void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("message", (message, isBinary) => webSocket.send(message, { binary: isBinary }));
      webSocket.on("error", () => webSocket.terminate());
    });
  });
}

async function sendEcho(backend: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url: path, headers } = request;
  const body = await text(request).catch(() => ""); // the client disconnected
  response.writeHead(200, { "content-type": "application/json", "x-echo-backend": encodeURI(backend) });
  response.end(
    `${JSON.stringify({ backend, method, path, headers, body: body.slice(0, MAX_BODY_CHARACTERS) }, null, 2)}\n`,
  );
}
