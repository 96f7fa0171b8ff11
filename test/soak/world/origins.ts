import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";
import { SOAK_SERVICES } from "./objects.ts";

/** The request as an origin received it, and the Service of the origin. */
export interface OriginEcho {
  readonly service: string;
  readonly host: string;
  readonly path: string;
  readonly requestId: string;
  /** Of an upload. */
  readonly bytes?: number;
  readonly digest?: string;
}

export const ECHO_HEADER = "x-echo";
/** Bytes of a download, again and again. */
export const DOWNLOAD_BLOCK = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 31 + 7) % 251));
const MAX_EVENT_INTERVAL_MS = 100;

/** Starts an origin for each Service. `forward` connects its address with it. */
export async function startSoakOrigins(
  forward: (address: string, targetAddress: string) => void,
): Promise<{ close(): Promise<void> }> {
  const listeners: ListeningServer[] = [];
  for (const { name, address } of SOAK_SERVICES) {
    const listener = await listen(createOrigin(name), 0);
    listeners.push(listener);
    forward(`${address}:80`, `127.0.0.1:${listener.port}`);
  }
  return { close: async () => void (await Promise.all(listeners.map(({ close }) => close()))) };
}

function createOrigin(service: string) {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answer(service, request, response).catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.send(JSON.stringify(buildEcho(service, request)));
      webSocket.on("message", (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    });
  });
  return server;
}

/** Answers by the last part of the path: an echo, a download or a stream of events. An upload is read to its end first. */
async function answer(service: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [kind, number] = (request.url ?? "").split("/").slice(3);
  const { bytes, digest } = await readBody(request);
  const echo = { ...buildEcho(service, request), ...(request.method === "POST" && { bytes, digest }) };
  response.setHeader(ECHO_HEADER, JSON.stringify(echo));
  if (kind === "download") await sendDownload(response, Number(number));
  else if (kind === "events") await sendEvents(response, Number(number));
  else response.end(JSON.stringify(echo));
}

function buildEcho(service: string, { url = "", headers }: IncomingMessage): OriginEcho {
  return { service, host: headers.host ?? "", path: url, requestId: String(headers["x-request-id"]) };
}

async function readBody(request: IncomingMessage) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of request) {
    hash.update(part);
    bytes += part.length;
  }
  return { bytes, digest: hash.digest("hex") };
}

async function sendDownload(response: ServerResponse, size: number): Promise<void> {
  response.setHeader("Content-Length", size);
  await pipeline(Readable.from(generateBlocks(size)), response);
}

function* generateBlocks(size: number): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += DOWNLOAD_BLOCK.length)
    yield DOWNLOAD_BLOCK.subarray(0, Math.min(DOWNLOAD_BLOCK.length, size - sent));
}

async function sendEvents(response: ServerResponse, count: number): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  for (let index = 0; index < count && !response.destroyed; index++) {
    response.write(`id: ${index}\ndata: event ${index}\n\n`);
    await sleep((index * 37) % MAX_EVENT_INTERVAL_MS);
  }
  response.end();
}
