import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Writable } from "node:stream";
import { WebSocketServer } from "ws";

export const TRANSFER_BYTES = 100 * 2 ** 20;
const PART = Buffer.alloc(64 * 1024, "x");
const BURST = 20;
const BURST_INTERVAL_MS = 10;

/** Starts the origin of the streams: downloads, a sink, events and WebSocket echoes. nginx has no events and no echo. */
export async function startStreamOrigin(eventCount: number) {
  const server = createServer((request, response) => {
    if (request.url === "/download") sendDownload(response);
    else if (request.url === "/events") sendEvents(response, eventCount);
    else countBytes(request, response);
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      server.close();
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

/** Writes the parts of a transfer as fast as the stream accepts them. */
export function writeTransfer(stream: Writable): void {
  let left = TRANSFER_BYTES;
  const writeParts = () => {
    while (left > 0) {
      left -= PART.length;
      if (!stream.write(PART)) {
        stream.once("drain", writeParts);
        return;
      }
    }
    stream.end();
  };
  writeParts();
}

function sendDownload(response: ServerResponse): void {
  response.writeHead(200, { "Content-Length": TRANSFER_BYTES });
  writeTransfer(response);
}

/** Sends events in bursts of 20, each with its time. */
function sendEvents(response: ServerResponse, count: number): void {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  let sent = 0;
  const timer = setInterval(() => {
    for (let index = 0; index < BURST; index++) response.write(`data: ${process.hrtime.bigint()}\n\n`);
    sent += BURST;
    if (sent < count) return;
    clearInterval(timer);
    response.end();
  }, BURST_INTERVAL_MS);
}

function countBytes(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on("data", (part: Buffer) => {
    bytes += part.length;
  });
  request.on("end", () => response.end(String(bytes)));
}
