import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";
import { listen } from "../../net/listen.ts";

/** An origin that returns the request. `address` is its own address: "127.0.0.1:41234". */
export interface EchoServer {
  readonly backend: string;
  readonly address: string;
  close(): Promise<void>;
}

const MAX_BODY_CHARACTERS = 2000;

/** Starts an origin for each backend ("namespace/service:port") on a free port of 127.0.0.1. */
export function startEchoServers(backends: readonly string[]): Promise<EchoServer[]> {
  return Promise.all(backends.map(startEchoServer));
}

async function startEchoServer(backend: string): Promise<EchoServer> {
  const server = createServer((request, response) => sendEcho(backend, request, response));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("message", (message, isBinary) => webSocket.send(message, { binary: isBinary }));
      webSocket.on("error", () => webSocket.terminate());
    });
  });
  const { port, close } = await listen(server, 0);
  return { backend, address: `127.0.0.1:${port}`, close };
}

async function sendEcho(backend: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url: path, headers } = request;
  const body = await text(request).catch(() => ""); // the client disconnected
  response.writeHead(200, { "content-type": "application/json", "x-echo-backend": backend });
  response.end(
    `${JSON.stringify({ backend, method, path, headers, body: body.slice(0, MAX_BODY_CHARACTERS) }, null, 2)}\n`,
  );
}
