import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { median } from "../lab/cpu.ts";
import { TRANSFER_BYTES, writeTransfer } from "./stream-origin.ts";

const CLIENT_HEADERS = { "CF-Connecting-IP": "192.0.2.17", "X-Lab-Scheme": "https" };
const MESSAGES_IN_FLIGHT = 64;

/** Where a transfer goes: a port of workerd, and a host that selects the policies. */
export interface Destination {
  readonly port: number;
  readonly host: string;
}

/** Downloads 100 MiB. Rejects if a byte is missing. */
export async function download(destination: Destination): Promise<void> {
  const response = await send(destination, "/download");
  let bytes = 0;
  for await (const part of response) bytes += part.length;
  if (bytes !== TRANSFER_BYTES) throw new Error(`${response.statusCode} with ${bytes} bytes`);
}

/** Uploads 100 MiB, with Content-Length or in chunks. Rejects if the origin misses a byte. */
export async function upload(destination: Destination, isChunked: boolean): Promise<void> {
  const response = await send(destination, "/upload", isChunked ? "chunks" : "length");
  const body = await text(response);
  if (body !== String(TRANSFER_BYTES)) throw new Error(`${response.statusCode}: ${body}`);
}

/** Reads events until the end. Resolves with the median ms between sending and receiving an event. */
export async function readEvents(destination: Destination, count: number): Promise<number> {
  const response = await send(destination, "/events");
  const delays: number[] = [];
  let rest = "";
  for await (const part of response) {
    const now = process.hrtime.bigint();
    const events = `${rest}${part}`.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) delays.push(Number(now - BigInt(event.slice("data: ".length))) / 1e6);
  }
  if (delays.length !== count) throw new Error(`${response.statusCode} with ${delays.length} events`);
  return median(delays);
}

/** Sends messages over a WebSocket and waits for their echoes, up to 64 at a time. */
export async function echoMessages({ port, host }: Destination, count: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const options = { headers: { ...CLIENT_HEADERS, Host: host }, perMessageDeflate: false };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, options);
  let [sent, received] = [0, 0];
  socket.on("error", reject);
  socket.on("open", () => {
    for (; sent < MESSAGES_IN_FLIGHT; sent++) socket.send("hello");
  });
  socket.on("message", () => {
    received++;
    if (received === count) resolve();
    else if (sent < count) {
      sent++;
      socket.send("hello");
    }
  });
  await promise;
  socket.close();
}

function send({ port, host }: Destination, path: string, body?: "length" | "chunks"): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const lengthHeader = body === "length" ? { "Content-Length": TRANSFER_BYTES } : {};
  const headers = { ...CLIENT_HEADERS, ...lengthHeader, Host: host };
  const message = request({ port, host: "127.0.0.1", path, method: body ? "POST" : "GET", headers, agent: false });
  message.on("response", resolve);
  message.on("error", reject);
  if (body) writeTransfer(message);
  else message.end();
  return promise;
}
